"""Brings a store to the newest schema, ours and that of LangGraph's checkpoints."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, inspect, text
from tenacity import before_sleep_log, retry, retry_if_exception, stop_after_delay, wait_fixed

from gate_store.checkpoint_tables import checkpoints_behind, create_checkpoint_tables
from gate_store.database import open_store
from gate_store.newer import objection
from gate_store.store_url import is_postgres, sqlite_path

log = logging.getLogger(__name__)

MEND = "run `plangate store upgrade`"

_ONE_AT_A_TIME = 0x706C616E67617465  # "plangate", the key of PostgreSQL's advisory lock
_NOT_NOW = (LockNotAvailable, DeadlockDetected)
_PATIENCE_S = 300.0


def upgrade(url: str) -> None:
    """Create or migrate the store; safe to run from several processes at once, and again.

    Workers go on meanwhile. A schema newer than this version's is left as it is.
    """
    store = open_store(url)
    try:
        with _alone(store):
            _upgrade_ours(store)
        with _alone(store):
            create_checkpoint_tables(url)
    finally:
        store.dispose()


def behind(url: str) -> str | None:
    """One line about what the store lacks and the mend; None: it is ready. Creates nothing.

    A newer schema is ready too, unless this version cannot work on it.
    """
    if not is_postgres(url) and not Path(sqlite_path(url)).is_file():
        return f"the store {sqlite_path(url)} does not exist; {MEND}"
    store = open_store(url)
    try:
        with store.begin() as conn:
            return _ours_behind(conn) or _theirs_behind(conn)
    finally:
        store.dispose()


def ahead(url: str) -> str | None:
    """One line about a store that a newer version has migrated; None: it has not."""
    store = open_store(url)
    try:
        with store.begin() as conn:
            return _newer(conn)
    finally:
        store.dispose()


def schema_of(url: str) -> str | None:
    """The schema that the store has; None: it has none."""
    store = open_store(url)
    try:
        with store.begin() as conn:
            return _revisions(conn)[0]
    finally:
        store.dispose()


# Each try breaks off soon, because who waits for a table's lock keeps everybody behind it waiting.
@retry(
    retry=retry_if_exception(lambda error: isinstance(getattr(error, "orig", None), _NOT_NOW)),
    wait=wait_fixed(1),
    stop=stop_after_delay(_PATIENCE_S),
    before_sleep=before_sleep_log(log, logging.INFO),
    reraise=True,
)
def _upgrade_ours(store: Engine) -> None:
    with store.connect() as conn:
        if _newer(conn):
            return
    with _connected(store) as conn:
        command.upgrade(_config(conn), "head")


def _ours_behind(conn: Connection) -> str | None:
    if newer := _newer(conn):
        problem = objection(conn)
        return f"{newer}, and {problem}; update Plangate" if problem else None
    here, head = _revisions(conn)
    if here == head:
        return None
    return f"the store has {f'schema {here}' if here else 'no schema yet'}, needed is {head}; {MEND}"


def _newer(conn: Connection) -> str | None:
    here, head = _revisions(conn)
    known = {each.revision for each in ScriptDirectory.from_config(_config(conn)).walk_revisions()}
    if here is None or here in known:
        return None
    return f"the store has schema {here}, newer than this Plangate knows ({head})"


def _revisions(conn: Connection) -> tuple[str | None, str | None]:
    head = ScriptDirectory.from_config(_config(conn)).get_current_head()
    return MigrationContext.configure(conn).get_current_revision(), head


def _theirs_behind(conn: Connection) -> str | None:
    missing = checkpoints_behind(conn, set(inspect(conn).get_table_names()))
    return f"LangGraph's checkpoint tables are not ready: {missing}; {MEND}" if missing else None


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


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
