"""Brings a store to the newest schema, ours and that of LangGraph's checkpoints."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, make_url, text

from gate_store.checkpoint_tables import checkpoints_behind, create_checkpoint_tables
from gate_store.database import is_postgres, open_store

MEND = "run `plangate store upgrade`"

_ONE_AT_A_TIME = 0x706C616E67617465  # "plangate", the key of PostgreSQL's advisory lock


def upgrade(url: str) -> None:
    """Create or migrate the store; safe to run from several processes at once, and again."""
    store = open_store(url)
    try:
        with _alone(store), _connected(store) as conn:
            command.upgrade(_config(conn), "head")
        with _alone(store):
            create_checkpoint_tables(url)
    finally:
        store.dispose()


def behind(url: str) -> str | None:
    """One line about what the store lacks and the mend; None: it is ready. Creates nothing."""
    if not is_postgres(url) and not _sqlite_file(url).is_file():
        return f"the store {_sqlite_file(url)} does not exist; {MEND}"
    store = open_store(url)
    try:
        with store.begin() as conn:
            return _ours_behind(conn) or _theirs_behind(conn)
    finally:
        store.dispose()


def _ours_behind(conn: Connection) -> str | None:
    script = ScriptDirectory.from_config(_config(conn))
    head = script.get_current_head()
    here = MigrationContext.configure(conn).get_current_revision()
    if here == head:
        return None
    if here is not None and here not in {each.revision for each in script.walk_revisions()}:
        return f"the store has schema {here}, newer than this Plangate knows ({head}); update Plangate"
    return f"the store has {f'schema {here}' if here else 'no schema yet'}, needed is {head}; {MEND}"


def _theirs_behind(conn: Connection) -> str | None:
    missing = checkpoints_behind(conn, set(inspect(conn).get_table_names()))
    return f"LangGraph's checkpoint tables are not ready: {missing}; {MEND}" if missing else None


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def _sqlite_file(url: str) -> Path:
    return Path(make_url(url).database or "")


def _connected(store: Engine) -> AbstractContextManager[Connection]:
    """SQLite gets one transaction; on PostgreSQL, where all others go on, a migration begins its own."""
    return store.connect() if store.dialect.name == "postgresql" else store.begin()


@contextmanager
def _alone(store: Engine) -> Iterator[None]:
    """Only one process migrates at a time; a session's lock, so that no transaction stays open meanwhile."""
    if store.dialect.name != "postgresql":
        yield
        return
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        # not pg_advisory_lock: who waits in it holds a snapshot, for which CREATE INDEX CONCURRENTLY waits
        while not conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME}).scalar():
            time.sleep(0.05)
        try:
            yield
        finally:
            conn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})
