"""Opens the store's checkpointer by URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosqlite
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

from gate_store.database import is_postgres
from gate_store.savers.postgres import FencedPostgresSaver
from gate_store.savers.serde import strict_serde
from gate_store.savers.sqlite import FencedSqliteSaver

BUSY_S = 30.0


@asynccontextmanager
async def open_saver(url: str) -> AsyncIterator[FencedPostgresSaver | FencedSqliteSaver]:
    """The checkpointer of the store at `url` (`sqlite:///file` or `postgresql://…`).

    The tables must be there; on SQLite LangGraph's saver makes its own where they are missing.
    """
    opened = _postgres(url) if is_postgres(url) else _sqlite(url)
    async with opened as saver:
        yield saver


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[FencedPostgresSaver]:
    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
        min_size=1,
        max_size=2,  # a saver has one lock: it never uses more than one at a time
        open=False,
        check=AsyncConnectionPool.check_connection,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 0,
            "row_factory": dict_row,
            # A saver that is stopped inside its fence must not keep the run locked against a takeover.
            "options": "-c idle_in_transaction_session_timeout=5s",
        },
    )
    async with pool:
        yield FencedPostgresSaver(pool, serde=strict_serde())


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[FencedSqliteSaver]:
    async with aiosqlite.connect(make_url(url).database or ":memory:", timeout=BUSY_S) as connection:
        yield FencedSqliteSaver(connection, serde=strict_serde())
