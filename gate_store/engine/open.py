"""Opens the engine's store by URL."""

from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.engine.port import EngineStore, Served
from gate_store.engine.postgres.ready import ReadyNotifier
from gate_store.engine.postgres.store import PostgresEngineStore
from gate_store.engine.sqlite.store import SqliteEngineStore
from gate_store.savers.serde import strict_serde
from gate_store.store_url import is_postgres


def open_engine_store(
    url: str, serde: SerializerProtocol | None = None, served: Served | None = None
) -> EngineStore:
    """The engine's store at `sqlite:///file` or `postgresql://…`, still to be opened.

    `serde` knows the graphs' own state classes; without one only LangGraph's safe types are revived.
    `served` says which runs are claimed; None: all.
    """
    serde = serde or strict_serde()
    if is_postgres(url):
        return PostgresEngineStore(url, serde, served)
    return SqliteEngineStore(url, serde, served=served)


def open_notifier(url: str) -> ReadyNotifier | None:
    """What tells sleeping resumers that runs became READY; None on SQLite, where they look for themselves."""
    return ReadyNotifier(url) if is_postgres(url) else None
