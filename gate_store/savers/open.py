"""Opens the store's checkpointer by URL."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiosqlite

from gate_store.postgres.address import Address
from gate_store.postgres.psycopg_client import open_pool
from gate_store.savers.postgres import FencedPostgresSaver
from gate_store.savers.serde import StrictSerializer, strict_serde
from gate_store.savers.sqlite import FencedSqliteSaver
from gate_store.store_url import is_postgres, private_sqlite_path

BUSY_S = 30.0


@asynccontextmanager
async def open_saver(
    url: str, allowed: Iterable[tuple[str, ...]] = ()
) -> AsyncIterator[FencedPostgresSaver | FencedSqliteSaver]:
    """The checkpointer of the store at `url` (`sqlite:///file` or `postgresql://…`).

    It brings back the classes in `allowed` (module, class) beside LangGraph's safe ones.
    The tables must be there; on SQLite LangGraph's saver makes its own where they are missing.
    """
    opened = (
        _postgres(url, strict_serde(allowed)) if is_postgres(url) else _sqlite(url, strict_serde(allowed))
    )
    async with opened as saver:
        yield saver


@asynccontextmanager
async def _postgres(url: str, serde: StrictSerializer) -> AsyncIterator[FencedPostgresSaver]:
    # A saver that is stopped inside its fence must not keep the run locked against a takeover.
    mortal = {"idle_in_transaction_session_timeout": "5s"}
    async with open_pool(Address.of(url), "plangate: checkpoints", mortal) as pool:
        yield FencedPostgresSaver(pool, serde=serde)


@asynccontextmanager
async def _sqlite(url: str, serde: StrictSerializer) -> AsyncIterator[FencedSqliteSaver]:
    async with aiosqlite.connect(private_sqlite_path(url), timeout=BUSY_S) as connection:
        yield FencedSqliteSaver(connection, serde=serde)
