"""Retry in place while infrastructure is away: say so once, then stay quiet until it is back."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from sqlalchemy import exc
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from stream_apps.progress import Progress
from stream_apps.weather import in_plain_words

T = TypeVar("T")

_log = logging.getLogger("plangate")

_PROGRAM_LIMIT = "54"  # SQLSTATE class: this statement is too much, and will be so next time
_STORE_BEHIND = {"42P01", "42703", "25006", "42501"}  # no table, no column, read-only, no permission
_INFRASTRUCTURE = ("08", "53", "57", "58", "28", "3D")  # connection, resources, operator, system, who we are


def is_outage(error: BaseException) -> bool:
    """Whether an error says something about the infrastructure, and nothing about the record."""
    if isinstance(error, exc.DBAPIError):
        return _of_sqlalchemy(error)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in _STORE_BEHIND or state.startswith(_INFRASTRUCTURE)
    if isinstance(error, sqlite3.OperationalError):
        return not _too_much(error)
    broken = OSError | exc.TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError
    return isinstance(error, broken)


def _of_sqlalchemy(error: exc.DBAPIError) -> bool:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if error.connection_invalidated or isinstance(error, exc.InterfaceError) or state in _STORE_BEHIND:
        return True
    if type(error) is exc.DatabaseError:  # SQLite: no database, or a damaged one
        return True
    too_much = state.startswith(_PROGRAM_LIMIT) or _too_much(error.orig)
    return isinstance(error, exc.OperationalError) and not too_much


def _too_much(error: BaseException | None) -> bool:
    """SQLite has no code of its own for a statement that is too much."""
    return isinstance(error, sqlite3.Error) and "too " in str(error)


async def through_outages(what: str, attempt: Callable[[], Awaitable[T]], progress: Progress) -> T:
    """The result of `attempt`, tried on while `what` is away.

    Raises whatever is no outage; CancelledError in an outage while the app stops.
    """

    def complain(state: RetryCallState) -> None:
        if progress.stopping:
            raise asyncio.CancelledError
        progress.moved()
        error = state.outcome.exception() if state.outcome else None
        if state.attempt_number == 1 and error is not None:
            _log.warning("%s is away: %s; trying on", what, in_plain_words(error))

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
