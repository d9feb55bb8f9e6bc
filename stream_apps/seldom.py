"""The Kafka clients repeat themselves ten times a second while a broker is away; once a minute is enough."""

import logging
import time

EVERY_S = 60.0


class Seldom(logging.Filter):
    """Lets each kind of message of these loggers through once in a while."""

    def __init__(self, *loggers: str, every_s: float = EVERY_S) -> None:
        super().__init__()
        self._loggers = loggers
        self._every_s = every_s
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write this one."""
        if record.name.partition(".")[0] not in self._loggers:
            return True
        kind, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._said.get(kind, -self._every_s) < self._every_s:
            return False
        self._said[kind] = now
        return True
