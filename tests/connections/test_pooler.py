"""pgbouncer between us and PostgreSQL: a backend for each session, or a clear no."""

import pytest

from gate_store.migrate import upgrade
from gate_store.postgres.errors import UnfitStoreError
from gate_store.try_clients import try_clients
from producers.submitter import open_submitter
from tests.connections.commands import Commands
from tests.connections.pgbouncer import PgBouncer
from tests.connections.serving import serves
from tests.producers import graphs

pytestmark = pytest.mark.postgres

LENDS = "a pooler lends the connections of PostgreSQL to one transaction at a time"


async def test_a_pooler_that_keeps_sessions_serves_all_clients_with_its_own_defaults(
    postgres_url: str, session_pooler: PgBouncer
) -> None:
    await serves(session_pooler.url(postgres_url))


def test_a_pooler_that_keeps_sessions_satisfies_the_doctor(
    postgres_url: str, session_pooler: PgBouncer, commands: Commands
) -> None:
    url = session_pooler.url(postgres_url)
    upgrade(url)
    assert commands.doctor(url)["state"] == "ok"


def test_a_pooler_that_lends_connections_is_refused_in_one_line(
    postgres_url: str, lending_pooler: PgBouncer, commands: Commands
) -> None:
    url = lending_pooler.url(postgres_url)
    for use in (upgrade, try_clients):
        with pytest.raises(UnfitStoreError, match=LENDS):
            use(url)
    commands.refuse(url, LENDS, "set its pool_mode to session for this database and role")


async def test_an_agent_behind_such_a_pooler_is_told_before_its_run_begins(
    postgres_url: str, lending_pooler: PgBouncer
) -> None:
    upgrade(postgres_url)
    async with open_submitter(lending_pooler.url(postgres_url)) as submitter:
        with pytest.raises(UnfitStoreError, match=LENDS):
            await submitter.submit(graphs.gated(), {"who": ["ann"]}, name="billing")
