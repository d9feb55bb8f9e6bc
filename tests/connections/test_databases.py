"""What a database, or its role, may set by itself: it works for all clients, or is refused in one line."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, inspect, make_url, text

from gate_events.stops import Stop
from gate_store.database import open_store
from gate_store.migrate import behind, upgrade
from gate_store.postgres.errors import UnfitStoreError
from gate_store.stops import begin_stop, in_force
from gate_store.try_clients import try_clients
from plangate.dev.postgres import PostgresServer
from producers.submitter import open_submitter
from tests.connections.commands import Commands
from tests.connections.reachable import url_with
from tests.connections.serving import serves
from tests.producers import graphs

pytestmark = pytest.mark.postgres

AT_ONCE = 20
ENCODINGS = ["LATIN1", "SQL_ASCII", "EUC_JP"]


def alter(url: str, setting: str) -> None:
    """A default of the database, for every session that begins from now on."""
    name = sql.Identifier(make_url(url).database or "")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} SET ").format(name) + sql.SQL(setting))


def tables(engine: Engine, schema: str) -> set[str]:
    return set(inspect(engine).get_table_names(schema))


@pytest.fixture(params=ENCODINGS)
def encoded(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[tuple[str, str]]:
    name, encoding = f"test_{uuid4().hex[:12]}", request.param
    with psycopg.connect(postgres_server.url(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} ENCODING {} TEMPLATE template0 LOCALE 'C'").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
    yield postgres_server.url(name), encoding
    postgres_server.drop_database(name)


def test_a_database_that_cannot_hold_every_text_is_refused_in_one_line(
    encoded: tuple[str, str], commands: Commands
) -> None:
    url, encoding = encoded
    words = f"encoded in {encoding}, which cannot hold every text"
    for use in (upgrade, behind, try_clients):
        with pytest.raises(UnfitStoreError, match=words):
            use(url)
    commands.refuse(url, words, "create it with ENCODING 'UTF8' TEMPLATE template0")


async def test_another_schema_holds_everything_and_serves_all_clients(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA gate")
    await serves(url_with(postgres_url, options="-csearch_path=gate"))
    engine = open_store(postgres_url)
    assert tables(engine, "public") == set()
    assert {"alembic_version", "runs", "checkpoints", "checkpoint_writes"} <= tables(engine, "gate")
    engine.dispose()


def test_a_schema_that_does_not_exist_is_refused_in_one_line(postgres_url: str, commands: Commands) -> None:
    url = url_with(postgres_url, options="-csearch_path=gate")
    commands.refuse(url, "has no schema of those that search_path names", "create it")


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_runs_submitted_at_once_do_not_refuse_each_other(postgres_url: str, isolation: str) -> None:
    """Whatever isolation the database has by default."""
    upgrade(postgres_url)
    alter(postgres_url, f"default_transaction_isolation = '{isolation}'")
    graph = graphs.gated()
    async with open_submitter(postgres_url) as submitter:
        whos = [{"who": [f"a{number}"]} for number in range(AT_ONCE)]
        done = await asyncio.gather(*(submitter.submit(graph, who, name="billing") for who in whos))
    assert len({one.plan_id for one in done}) == AT_ONCE


async def test_a_run_goes_all_its_way_under_defaults_that_no_client_expects(postgres_url: str) -> None:
    alter(postgres_url, "default_transaction_isolation = 'serializable'")
    alter(postgres_url, "datestyle = 'German'")
    alter(postgres_url, "client_encoding = 'LATIN1'")
    await serves(postgres_url)
    engine = open_store(postgres_url)
    with engine.begin() as conn:
        assert conn.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
        assert conn.execute(text("SELECT 'Łódź'")).scalar() == "Łódź"
    engine.dispose()


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_every_moment_of_a_record_is_read_whatever_zone_the_database_has(
    postgres_url: str, zone: str
) -> None:
    upgrade(postgres_url)
    alter(postgres_url, f"timezone = '{zone}'")
    first, last = (
        Stop(stop_id=uuid4(), by="ana", note="", at=at)
        for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    )
    engine = open_store(postgres_url)
    with engine.begin() as conn:
        for each in (first, last):
            begin_stop(conn, each)
        assert in_force(conn) == [first, last]
    engine.dispose()
