"""Connections that one batch loses again and again: the database is there for others."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

_HALVE_AT = 2
_GIVE_UP_AT = 5  # of a record alone, where something else was committed meanwhile


class BatchLosesConnectionError(Exception):
    """The database fell silent {count} times in the middle of it, and worked for others meanwhile."""

    def __init__(self, count: int) -> None:
        super().__init__(f"the database fell silent {count} times in the middle of it; make it smaller")


class Losses:
    """What a batch of `size` records has lost. `others` counts what else was committed.

    A database that is stopped, or that refuses, says so or takes no connection: that is an outage, however
    long it lasts. One that is killed by what it is asked (its memory) says nothing, and is there again.
    """

    def __init__(self, size: int, others: Callable[[], int]) -> None:
        self._size = size
        self._others = others
        self._before = 0
        self._count = 0

    def note(self, error: DBAPIError) -> None:
        """Note an error of a statement, on a connection that had answered before.

        Raises BatchLosesConnectionError where it is the batch's.
        """
        if not error.connection_invalidated or getattr(error.orig, "sqlstate", None):
            return
        if not self._count:
            self._before = self._others()
        self._count += 1
        halve = self._size > 1 and self._count >= _HALVE_AT
        if halve or (self._count >= _GIVE_UP_AT and self._others() > self._before):
            raise BatchLosesConnectionError(self._count) from error
