"""Tells the resumers that runs became READY."""

import logging
from collections.abc import Callable

import psycopg

from gate_store.engine.open import open_notifier
from gate_store.engine.postgres.ready import ReadyNotifier

_log = logging.getLogger("plangate.gatekeeper")


def waker(url: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """What wakes the resumers of this store, and what closes it. On SQLite they look for themselves."""
    notifier = open_notifier(url)
    if notifier is None:
        return lambda: None, lambda: None
    return lambda: _ring(notifier), notifier.close


def _ring(notifier: ReadyNotifier) -> None:
    """Wake them; a database that is away is found out by the next commit."""
    try:
        notifier.notify_ready()
    except psycopg.Error as error:
        _log.info("the resumers were not woken: %s", error)
