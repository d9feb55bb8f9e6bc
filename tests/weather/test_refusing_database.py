"""A database that takes no connection, or no writing: runs in hand wait, and go on when it does again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.resumer.stage import config, resumer
from tests.weather.outage import (
    GRAPHS,
    Happened,
    all_done,
    approved_runs,
    each_effect_once,
    idles,
    said_once,
    until,
)


class Database:
    """A database whose owner is an ordinary role: limits do not bind a superuser."""

    def __init__(self, admin_url: str) -> None:
        self.role = f"role_{uuid4().hex[:10]}"
        self.admin_url = admin_url
        self.name = make_url(admin_url).database or ""
        self.url = make_url(admin_url).set(username=self.role).render_as_string(hide_password=False)
        self.say("CREATE ROLE {role} LOGIN")
        self.say("ALTER DATABASE {name} OWNER TO {role}")

    def say(self, statement: str) -> None:
        writing = "-c default_transaction_read_only=off"
        with psycopg.connect(self.admin_url, autocommit=True, options=writing) as connection:
            names = {"role": sql.Identifier(self.role), "name": sql.Identifier(self.name)}
            connection.execute(sql.SQL(statement).format(**names))

    def cut(self) -> None:
        """End the role's connections."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
            connection.execute(ours, [self.role])


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.cut()
    database.say("REASSIGN OWNED BY {role} TO postgres")
    database.say("DROP OWNED BY {role}")
    database.say("DROP ROLE {role}")


@contextmanager
def no_connection_left(database: Database) -> Iterator[None]:
    database.say("ALTER ROLE {role} CONNECTION LIMIT 0")
    database.cut()
    yield
    database.say("ALTER ROLE {role} CONNECTION LIMIT -1")


@contextmanager
def no_login(database: Database) -> Iterator[None]:
    database.say("ALTER ROLE {role} NOLOGIN")
    database.cut()
    yield
    database.say("ALTER ROLE {role} LOGIN")


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """As hosts do with a database that grew too large: connections made now stay so for good."""
    database.say("ALTER DATABASE {name} SET default_transaction_read_only = on")
    database.cut()
    yield
    database.say("ALTER DATABASE {name} SET default_transaction_read_only = off")


REFUSALS = [
    pytest.param(no_connection_left, "raise max_connections or the role's limit", id="no connection left"),
    pytest.param(read_only, "the database is read-only: name the primary", id="read-only"),
    pytest.param(no_login, "look at the role and at pg_hba.conf", id="no login", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("refusal", "mend"), REFUSALS)
async def test_runs_in_hand_wait_for_a_database_that_refuses_them(
    database: Database,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    refusal: Callable[[Database], object],
    mend: str,
) -> None:
    monkeypatch.setenv("SLOW_S", "0.2")
    stage = await approved_runs(database.url, looks_at=database.admin_url)
    async with resumer(config(database.url, graphs_file=GRAPHS, lease_s=1.0, run_timeout_s=1.0)):
        await until(lambda: len(happened()) >= 1)
        with refusal(database):  # type: ignore[attr-defined] # a context manager
            await until(lambda: "writing runs does not work" in caplog.text)
            await until(lambda: mend in caplog.text)
            await idles(1.5)
        await all_done(stage)
    each_effect_once(stage, happened)
    said_once(caplog, mend, "writing runs works again")
    stage.engine.dispose()


async def test_a_resumer_that_starts_while_its_database_refuses_it_waits(
    database: Database, happened: Happened, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not end, to be started again and again by its supervisor."""
    stage = await approved_runs(database.url, looks_at=database.admin_url)
    with no_connection_left(database):
        starting = resumer(config(database.url, graphs_file=GRAPHS))
        task = await starting.__aenter__()
        await until(lambda: "opening the store does not work" in caplog.text)
        await idles(0.7)
        assert not task.done()
    await all_done(stage)
    await starting.__aexit__()
    each_effect_once(stage, happened)
    said_once(caplog, "opening the store works again")
    stage.engine.dispose()


async def test_a_resumer_that_waits_for_its_database_still_ends_when_told(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with no_connection_left(database):
        async with resumer(config(database.url, graphs_file=GRAPHS)):
            await until(lambda: "opening the store does not work" in caplog.text)
