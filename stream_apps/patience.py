"""Retry in place while infrastructure is away: say so once, then stay quiet until it is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import exc
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from stream_apps.progress import Progress

T = TypeVar("T")

_log = logging.getLogger("plangate")

_PROGRAM_LIMIT = "54"  # SQLSTATE class: this statement is too much, and will be so next time
_STORE_BEHIND = {"42P01", "42703", "25006", "42501"}  # no table, no column, read-only, no permission


def is_outage(error: BaseException) -> bool:
    """Whether an error says something about the infrastructure, and nothing about the record."""
    if isinstance(error, exc.DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated or isinstance(error, exc.InterfaceError) or state in _STORE_BEHIND:
            return True
        if type(error) is exc.DatabaseError:  # SQLite: no database, or a damaged one
            return True
        too_much = state.startswith(_PROGRAM_LIMIT) or "too " in str(error.orig)  # SQLite has no codes here
        return isinstance(error, exc.OperationalError) and not too_much
    return isinstance(error, OSError | exc.TimeoutError)


async def through_outages(what: str, attempt: Callable[[], Awaitable[T]], progress: Progress) -> T:
    """The result of `attempt`, tried on while `what` is away.

    Raises whatever is no outage; CancelledError in an outage while the app stops.
    """

    def complain(state: RetryCallState) -> None:
        if progress.stopping:
            raise asyncio.CancelledError
        progress.moved()
        if state.attempt_number == 1 and state.outcome is not None:
            _log.warning("%s is away: %s; trying on", what, _first_line(state.outcome.exception()))

    retrying = AsyncRetrying(
        retry=retry_if_exception(is_outage),
        wait=wait_exponential_jitter(multiplier=0.05, max=3.0, jitter=0.1),
        before_sleep=complain,
        reraise=True,
    )
    async for trial in retrying:
        with trial:
            result = await attempt()
            if trial.retry_state.attempt_number > 1:
                _log.warning("%s is back", what)
            return result
    raise AssertionError("unreachable: the retries have no end")


def _first_line(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
