"""LangGraph's official checkpoint tables, made by its own savers."""

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Connection, make_url, text

from gate_store.database import is_postgres
from gate_store.dialects import on_postgres

_SQLITE_TABLES = {"checkpoints", "writes"}
_POSTGRES_VERSION = len(PostgresSaver.MIGRATIONS) - 1


def create_checkpoint_tables(url: str) -> None:
    """Create or migrate them; harmless when they are there."""
    if is_postgres(url):
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with PostgresSaver.from_conn_string(plain) as saver:
            saver.setup()
    else:
        with SqliteSaver.from_conn_string(make_url(url).database or "") as lite:
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
