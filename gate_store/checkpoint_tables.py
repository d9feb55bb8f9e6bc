"""LangGraph's official checkpoint tables, made by its own savers."""

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Connection, text

from gate_store.dialects import on_postgres
from gate_store.postgres.address import Address
from gate_store.postgres.psycopg_client import SAVERS, connect
from gate_store.store_url import is_postgres, private_sqlite_path

_SQLITE_TABLES = {"checkpoints", "writes"}
_POSTGRES_VERSION = len(PostgresSaver.MIGRATIONS) - 1


def create_checkpoint_tables(url: str) -> None:
    """Create or migrate them; harmless when they are there."""
    if is_postgres(url):
        with connect(Address.of(url), "plangate: store upgrade", **SAVERS) as connection:
            PostgresSaver(connection).setup()
    else:
        with SqliteSaver.from_conn_string(private_sqlite_path(url)) as lite:
            lite.setup()


def checkpoints_behind(conn: Connection, present: set[str]) -> str | None:
    """What is missing among the tables `present`, in a few words."""
    if not on_postgres(conn):
        missing = sorted(_SQLITE_TABLES - present)
        return f"no table {', '.join(missing)}" if missing else None
    if "checkpoint_migrations" not in present:
        return "no table checkpoint_migrations"
    version = conn.execute(text("SELECT max(v) FROM checkpoint_migrations")).scalar()
    if version is None or version < _POSTGRES_VERSION:
        return f"version {version}, needed is {_POSTGRES_VERSION}"
    return None
