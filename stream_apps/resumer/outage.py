"""An outage is said once, and so is its end; what is tried meanwhile is tried in silence."""

import logging

log = logging.getLogger(__name__)


class Outage:
    """Whether `what` works."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lasts = False

    def goes_on(self, error: BaseException) -> None:
        """It failed."""
        if not self._lasts:
            log.warning("%s does not work: %s; trying on", self._what, error, exc_info=error)
        self._lasts = True

    def is_over(self) -> None:
        """It worked."""
        if self._lasts:
            log.warning("%s works again", self._what)
        self._lasts = False
