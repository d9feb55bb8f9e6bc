"""How a process ends that can no longer be trusted: at once, with nothing acked that is not durable."""

import logging
import os
from contextlib import suppress
from typing import NoReturn

STUCK = 86  # there was work and nothing moved
BROKEN = 87  # a fault of ours, or a producer that cannot go on
UNFINISHED = 88  # told to stop, but what was begun could not be finished

_log = logging.getLogger("plangate")


def leave(code: int, why: str, error: BaseException | None = None) -> NoReturn:
    """Say why and end the process; its supervisor starts it anew and Kafka hands the records out again."""
    _log.critical("%s; the process ends with code %d", why, code, exc_info=error)
    for handler in logging.getLogger().handlers:
        with suppress(OSError):  # its disk is full: no reason to go on
            handler.flush()
    os._exit(code)
