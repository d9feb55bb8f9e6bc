"""One SQLite connection in a thread of its own."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from gate_store.store_url import sqlite_path

T = TypeVar("T")

BUSY_S = 30.0
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class SqliteThread:
    """Runs functions of a connection, one at a time, off the event loop."""

    def __init__(self, url: str) -> None:
        self._path = sqlite_path(url)
        self._executor = ThreadPoolExecutor(1, "plangate-sqlite")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Connect. Raises sqlite3.OperationalError where the file cannot be opened or does not exist."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._open)

    async def close(self) -> None:
        """Give the connection back and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
        self._executor.shutdown()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, inside one transaction that commits unless it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._transact, work)

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` reads, without taking the write lock."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._with, work)

    def _open(self) -> None:
        self._connection = sqlite3.connect(f"file:{quote(self._path)}?mode=rw", uri=True, timeout=BUSY_S)
        self._connection.isolation_level = None  # we say BEGIN ourselves
        self._connection.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _with(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the store is not open")
        return work(self._connection)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def inside(connection: sqlite3.Connection) -> T:
            with transaction(connection):
                return work(connection)

        return self._with(inside)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that holds the write lock from its start."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """A part of a transaction that can fail alone."""
    connection.execute("SAVEPOINT act")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO act")
            connection.execute("RELEASE act")
        raise
    connection.execute("RELEASE act")


Row = Any
