"""What Kafka does not allow an app's user: said in one line, and waited for."""

import asyncio
import logging
from collections.abc import Callable

from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from stream_apps.plain_errors import in_thread
from stream_apps.progress import Progress

_log = logging.getLogger("plangate")

_AGAIN_S = 2.0
_KINDS = {TopicAuthorizationFailedError: "topic", GroupAuthorizationFailedError: "group"}


async def await_rights(app: str, lacks: Callable[[], str], progress: Progress) -> None:
    """Return when `lacks` finds nothing: an app without its rights crashes, or reads nothing in silence."""
    said = ""
    while lacking := await in_thread(lacks):
        if lacking != said:
            _log.warning("%s waits: %s", app, lacking)
        said = lacking
        progress.moved()
        await asyncio.sleep(_AGAIN_S)
    if said:
        _log.warning("Kafka allows %s now what it needs", app)


def right_withdrawn(reason: BaseException) -> str | None:
    """What a consumer may no longer read, in words; None: it ended for another reason."""
    kind = _KINDS.get(type(reason))
    if kind is None:
        return None
    names = ", ".join(str(name) for name in _flat(reason.args))
    return f"Kafka does not allow this user any more to read {kind} {names}"


def _flat(names: object) -> list[object]:
    """aiokafka names one topic, or a set of them."""
    return [each for name in names for each in _flat(name)] if isinstance(names, tuple | set) else [names]


class RightsAreSaid(logging.Filter):
    """Leaves out what the clients write of a right that was taken away: a traceback of theirs, each time."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write this one."""
        error = record.exc_info[1] if record.exc_info else None
        return type(error) not in _KINDS
