"""How long a graph may run. What it waits for the store is not its fault, and does not count."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class TimeLimit:
    """A timeout that stands still while the run waits for the store."""

    def __init__(self) -> None:
        self._timer: asyncio.Timeout | None = None
        self._waiting = 0
        self._left: float | None = None

    @asynccontextmanager
    async def of(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """Raises TimeoutError after `seconds` of the graph's own."""
        async with asyncio.timeout(seconds) as timer:
            self._timer = timer
            try:
                yield timer
            finally:
                self._timer = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let it stand still; several may."""
        self._waiting += 1
        if self._waiting == 1:
            self._stand_still()
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._go_on()

    def _stand_still(self) -> None:
        self._left = None
        timer = self._timer
        if timer is not None and not timer.expired() and (end := timer.when()) is not None:
            self._left = end - asyncio.get_running_loop().time()
            timer.reschedule(None)

    def _go_on(self) -> None:
        timer = self._timer
        if timer is not None and self._left is not None and not timer.expired():
            timer.reschedule(asyncio.get_running_loop().time() + self._left)
