"""Asks the store again and again: one that answered once, and then does not, is waited for."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

T = TypeVar("T")

FIRST_LOOK_S, LONGEST_LOOK_S = 0.1, 1.0

_log = logging.getLogger("plangate.outcome")


class StoreWatch:
    """`outage`: why the store does not answer now; None: it does."""

    def __init__(self, store: Engine) -> None:
        self._store = store
        self.outage: Exception | None = None

    async def look(self, ask: Callable[[Connection], T]) -> T:
        """What it answers. Raises what the store raises."""
        return await asyncio.to_thread(self._ask, ask)

    async def look_again(self, ask: Callable[[Connection], T], unanswered: T) -> T:
        """The same, or `unanswered` where it does not answer, which is logged once."""
        try:
            answer = await self.look(ask)
        except (OperationalError, InterfaceError) as error:
            if self.outage is None:
                _log.warning("the store does not answer, and is waited for: %s", _first_line(error.orig))
            self.outage = error
            return unanswered
        self.outage = None
        return answer

    def _ask(self, ask: Callable[[Connection], T]) -> T:
        with self._store.connect() as conn:
            return ask(conn)


def _first_line(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
