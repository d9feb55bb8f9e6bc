"""A question to what may be slow or gone: one at a time, waited for so long, its answer kept a little."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from stream_apps.weather import in_plain_words

T = TypeVar("T")
log = logging.getLogger("plangate.endpoint")

KEEP_S = 5.0
WITHIN_S = 3.0


class Asked(Generic[T]):
    """However many ask at once, or however long the answer takes, `ask` runs once at a time."""

    def __init__(
        self, what: str, ask: Callable[[], T], keep_s: float = KEEP_S, within_s: float = WITHIN_S
    ) -> None:
        """`what` is asked, in a word for the log."""
        self._what = what
        self._ask = ask
        self._keep_s = keep_s
        self._within_s = within_s
        self._lock = threading.Lock()
        self._future: Future[T] | None = None
        self._began = 0.0
        self._fails = False

    def answer(self) -> T | None:
        """What was answered just now; None: there was no answer, or none in time."""
        try:
            found = self._current().result(self._within_s)
        except Exception as error:  # whatever it is: the next one may be answered
            self._note(error)
            return None
        self._fails = False
        return found

    def _current(self) -> "Future[T]":
        with self._lock:
            is_old = time.monotonic() - self._began > self._keep_s
            if self._future is None or (self._future.done() and is_old):
                self._future, self._began = Future(), time.monotonic()
                # A daemon: what does not answer keeps no process from ending.
                threading.Thread(target=self._run, args=(self._future,), daemon=True).start()
            return self._future

    def _run(self, future: "Future[T]") -> None:
        try:
            future.set_result(self._ask())
        except BaseException as error:
            future.set_exception(error)

    def _note(self, error: Exception) -> None:
        if not self._fails:
            words = (
                f"no answer in {self._within_s:g} s" if type(error) is TimeoutError else in_plain_words(error)
            )
            log.warning("the endpoint cannot ask %s: %s", self._what, words)
        self._fails = True
