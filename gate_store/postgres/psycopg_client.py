"""Connections of psycopg: for SQLAlchemy and Alembic, for LangGraph's savers, for NOTIFY."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row, tuple_row
from psycopg_pool import AsyncConnectionPool

from gate_store.postgres import session
from gate_store.postgres.address import Address

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]

# What LangGraph's savers want of a connection.
SAVERS: Mapping[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}


def connect(
    address: Address,
    name: str,
    settings: Mapping[str, str] | None = None,
    *,
    autocommit: bool = False,
    **options: Any,
) -> psycopg.Connection[Any]:
    """A connection whose session has our `settings`. Raises psycopg.OperationalError, UnfitStoreError."""
    connection = psycopg.connect(address.conninfo(name), autocommit=True, **options)
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(session.beginning(settings or {}).encode()).fetchone()
        session.examine(row, connection.info.backend_pid, address)
        connection.autocommit = autocommit
    except BaseException:
        connection.close()
        raise
    return connection


@asynccontextmanager
async def open_pool(address: Address, name: str, settings: Mapping[str, str]) -> AsyncIterator[Pool]:
    """A pool for one of LangGraph's savers, which has one lock: it uses one connection at a time."""

    async def begin(connection: AsyncConnection[DictRow]) -> None:
        async with connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(session.beginning(settings).encode())

    pool: Pool = AsyncConnectionPool(
        address.conninfo(name),
        min_size=1,
        max_size=2,
        open=False,
        configure=begin,
        check=AsyncConnectionPool.check_connection,
        kwargs=dict(SAVERS),
    )
    async with pool:
        yield pool
