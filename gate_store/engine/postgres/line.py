"""One connection for one kind of work, opened again when it was lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from gate_store.postgres.address import Address
from gate_store.postgres.asyncpg_client import connect
from gate_store.postgres.session import BY_KEY

CLOSE_S = 10.0
# Whoever is stopped or cut off inside a transaction must not keep its rows locked against a takeover.
IDLE_S = 5

OnOpen = Callable[[Any], Awaitable[None]]


class Line:
    """An asyncpg connection that is used by one coroutine at a time."""

    def __init__(
        self, url: str, name: str, on_open: OnOpen | None = None, idle_s: int = IDLE_S, **settings: str
    ) -> None:
        self._address = Address.of(url)
        self._name = f"plangate engine: {name}"
        self._settings = {**BY_KEY, **settings, "idle_in_transaction_session_timeout": f"{idle_s}s"}
        self._on_open = on_open
        self._lock = asyncio.Lock()
        self._connection: Any = None

    async def open(self) -> None:
        """Connect. Raises NotConnectedError; UnfitStoreError where it never will."""
        async with self.use():
            pass

    async def close(self) -> None:
        """Give the connection back."""
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and not connection.is_closed():
                await connection.close(timeout=CLOSE_S)

    @property
    def is_lost(self) -> bool:
        """Whether the connection broke, or was never made."""
        return self._connection is None or self._connection.is_closed()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Any]:
        """The connection, alone.

        It is given up after anything but the server's own no: cancelled half-way, silent, or confused. Also
        where the server may not be written: another connection may find the primary, or the ban lifted.
        """
        async with self._lock:
            if self.is_lost:
                await self._connect()
            connection = self._connection
            try:
                yield connection
            except asyncpg.ReadOnlySQLTransactionError:
                connection.terminate()
                raise
            except asyncpg.PostgresError:
                raise
            except BaseException:
                connection.terminate()
                raise

    async def _connect(self) -> None:
        connection = await connect(self._address, self._name, self._settings)
        if self._on_open:
            await self._on_open(connection)
        self._connection = connection
