"""Transactions that meet just where they would wait for each other in a ring."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, text


def blocked(store: Engine) -> int:
    """How many sessions wait for a lock of another."""
    with store.connect() as conn:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return int(conn.execute(waiting).scalar_one())


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, twenty seconds at most."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.01)


@contextmanager
def holding(store: Engine, markers: Sequence[str], others: Callable[[], bool]) -> Iterator[Connection]:
    """A transaction that waits for `others` once, after its first statement with one of the markers."""
    reached = threading.Event()

    def wait(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not reached.is_set() and any(marker in statement for marker in markers):
            reached.set()
            until(others)

    with store.begin() as conn:
        event.listen(conn, "after_cursor_execute", wait)
        yield conn
