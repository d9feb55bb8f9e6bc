"""Transactions that wait for no lock and no statement for ever: for work that the next look does again."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

_HELD_UP = {"55P03", "57014"}  # SQLSTATEs: no lock in time; the statement took too long, or was cancelled
_BOUND = "SELECT set_config('lock_timeout', '{:.0f}', true), set_config('statement_timeout', '{:.0f}', true)"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long one statement may wait for a lock, and how long it may take, in seconds."""

    lock_s: float = 2.0
    statement_s: float = 60.0


def bounded(store: Engine, bounds: Bounds) -> Engine:
    """The same store and pool; PostgreSQL breaks off what takes longer in a transaction begun here.

    SQLite has one writer at a time, for whom everybody waits half a minute at most.
    """
    within = store.execution_options()
    if within.dialect.name == "postgresql":
        bound = _BOUND.format(bounds.lock_s * 1000, bounds.statement_s * 1000)

        def begin(conn: Connection) -> None:
            conn.exec_driver_sql(bound)

        event.listen(within, "begin", begin)
    return within


def is_held_up(error: BaseException) -> bool:
    """Whether PostgreSQL broke a statement off because of its bounds."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return state in _HELD_UP
