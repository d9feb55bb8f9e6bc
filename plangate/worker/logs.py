"""What a worker's processes write to stderr."""

import logging
from typing import Any

from gate_events.shown import shown, spelled_out

# Their INFO tells of threads and rebalances, a hundred lines at each start, or shows addresses with a
# password in it; what goes wrong stays.
CHATTY = ("aiokafka", "alembic", "faust", "httpx", "httpx2", "mode", "stream_apps.faust_app")


class OneLine(logging.Formatter):
    """Whatever a message or an error quotes, a line that begins with a date is one of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's hook
        """The message on one line."""
        return shown(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the same
        """The traceback, each line set in."""
        return "\n".join(f"    {spelled_out(line)}" for line in super().formatException(ei).split("\n"))


def configure() -> None:
    """Our words at INFO, those of the clients of Kafka and HTTP and of Alembic from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
