"""One connection for one kind of work, opened again when it was lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import make_url

CONNECT_S = 10.0
STATEMENT_S = 30.0  # a statement of ours takes milliseconds; beyond this the server is not answering

# All statements look rows up by key: whatever the statistics say, no plan that reads a whole table.
SETTINGS = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# Whoever is stopped or cut off inside a transaction must not keep its rows locked against a takeover.
IDLE_S = 5

OnOpen = Callable[[Any], Awaitable[None]]


class NotConnectedError(ConnectionError):
    """PostgreSQL takes no connection: {reason}."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(f"PostgreSQL takes no connection: {reason}")
        self.reason = reason


class Line:
    """An asyncpg connection that is used by one coroutine at a time."""

    def __init__(
        self, url: str, name: str, on_open: OnOpen | None = None, idle_s: int = IDLE_S, **settings: str
    ) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._settings = {
            **SETTINGS,
            **settings,
            "idle_in_transaction_session_timeout": f"{idle_s}s",
            "application_name": f"plangate engine: {name}",
        }
        self._on_open = on_open
        self._lock = asyncio.Lock()
        self._connection: Any = None

    async def open(self) -> None:
        """Connect. Raises OSError (NotConnectedError where the server says no)."""
        async with self.use():
            pass

    async def close(self) -> None:
        """Give the connection back."""
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and not connection.is_closed():
                await connection.close(timeout=CONNECT_S)

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
        try:
            connection = await asyncpg.connect(
                self._dsn, timeout=CONNECT_S, command_timeout=STATEMENT_S, server_settings=self._settings
            )
        except asyncpg.PostgresError as error:
            raise NotConnectedError(error) from error
        if self._on_open:
            await self._on_open(connection)
        self._connection = connection
