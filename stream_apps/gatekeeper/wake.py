"""Tells the resumers that runs became READY."""

from collections.abc import Callable

from sqlalchemy import Engine, text

from gate_store.database import is_postgres, open_store

CHANNEL = "plangate_ready"


class PostgresWake:
    """NOTIFY on a connection of its own.

    Not in the transaction that made the runs READY: NOTIFY locks the whole server until its commit is on
    disk, and there is nothing to lose here (resumers look by themselves as well).
    """

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_store(url, pool_size=1)

    def __call__(self) -> None:
        """Wake them; a database that is away is found out by the next commit."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("SET synchronous_commit = off"))
            conn.execute(text(f"NOTIFY {CHANNEL}"))

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()


def waker(url: str, wake: Callable[[], None] | None) -> tuple[Callable[[], None], Callable[[], None]]:
    """What wakes the resumers of this store, and what closes it: NOTIFY, or `wake` on SQLite."""
    if is_postgres(url):
        postgres = PostgresWake(url)
        return postgres, postgres.close
    return wake or (lambda: None), lambda: None
