"""What a worker's processes write to stderr: lines of text, or one JSON object a line."""

import logging
from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

import msgspec

from gate_events.shown import shown, spelled_out
from plangate.settings import LogFormat, LogLevel

# Their INFO tells of threads and rebalances, a hundred lines at each start, or shows addresses with a
# password in it; what goes wrong stays.
CHATTY = ("aiokafka", "alembic", "faust", "httpx", "httpx2", "mode", "stream_apps.faust_app")

IDS = ("thread_id", "plan_id", "step_id", "gate_id", "topic", "partition", "offset")
"""What a call may give as `extra`, and a JSON line has as fields of these names."""


class OneLine(logging.Formatter):
    """Whatever a message or an error quotes, a line that begins with a date is one of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's hook
        """The message on one line."""
        return shown(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the same
        """The traceback, each line set in."""
        return _set_in(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the same
        """A stack that the call gave, likewise."""
        return _set_in(stack_info)


def _set_in(text: str) -> str:
    return "\n".join(f"    {spelled_out(line)}" for line in text.split("\n"))


class OneObject(logging.Formatter):
    """A JSON object: time (UTC), level, logger, message, the ids that the call gave, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; text of others is spelled out as in the text format."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": shown(record.getMessage()),
        }
        for name in IDS:
            if (value := getattr(record, name, None)) is not None:
                told[name] = value if isinstance(value, int) else shown(str(value))
        if traceback := record.exc_text or (record.exc_info and self.formatException(record.exc_info)):
            told["traceback"] = "\n".join(map(spelled_out, dedent(traceback).split("\n")))
        return msgspec.json.encode(told).decode()


def configure(log_format: LogFormat = "text", level: LogLevel = "INFO") -> None:
    """Our words from `level` on; those of the clients of Kafka and HTTP and of Alembic from WARNING on."""
    handler = logging.StreamHandler()
    text = OneLine("%(asctime)s %(name)s %(levelname)s %(message)s")
    handler.setFormatter(OneObject() if log_format == "json" else text)
    logging.basicConfig(level=level, handlers=[handler])
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
