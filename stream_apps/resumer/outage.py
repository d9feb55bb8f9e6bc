"""An outage is said once, and so is its end; what is tried meanwhile is tried in silence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from stream_apps.patience import is_outage
from stream_apps.weather import causes, in_plain_words

log = logging.getLogger(__name__)

T = TypeVar("T")

AGAIN_S = 0.5


class Outage:
    """Whether `what` works."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lasts = False

    def goes_on(self, error: BaseException) -> None:
        """It failed."""
        if not self._lasts:
            trace = None if any(map(is_outage, causes(error))) else error  # a fault of ours, perhaps
            log.warning("%s does not work: %s; trying on", self._what, in_plain_words(error), exc_info=trace)
        self._lasts = True

    def is_over(self) -> None:
        """It worked."""
        if self._lasts:
            log.warning("%s works again", self._what)
        self._lasts = False

    async def through(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of `attempt`, tried on through outages. Raises whatever is none."""
        while True:
            try:
                result = await attempt()
            except Exception as error:
                if not is_outage(error):
                    raise
                self.goes_on(error)
                await asyncio.sleep(AGAIN_S)
            else:
                self.is_over()
                return result
