"""Where nothing else shows that a plan is being worked at, whoever works says so, again and again."""

import logging
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Lock, Thread

from gate_events.records import PlanDecided
from gate_store.clock import SILENT_FOR
from producers.acting import Word

_LONGEST_S = (SILENT_FOR / 4).total_seconds()  # three words may be lost before the gate asks
_SHORTEST_S = 1.0

_log = logging.getLogger("plangate.verdicts")


def says_every_s(word: Word) -> float:
    """How often a plan's executor says that it is at it, in seconds: three times while its verdict holds."""
    if not isinstance(word, PlanDecided) or word.use_by is None:
        return _LONGEST_S
    holds_s = (word.use_by - word.decided_at).total_seconds()
    return min(max(holds_s / 3, _SHORTEST_S), _LONGEST_S)


class AtWork:
    """Calls `say` when the work begins, and every `every_s` seconds until it ends."""

    def __init__(self, say: Callable[[], None], every_s: float) -> None:
        self._say = say
        self._every_s = every_s
        self._lock = Lock()
        self._ended = Event()
        self._speaker: Thread | None = None

    def begin(self) -> None:
        """Return once the first word is said; nothing where it is said already. Raises what `say` raises."""
        with self._lock:
            if self._speaker:
                return
            self._say()
            self._ended = Event()
            in_this_trace = copy_context().run
            self._speaker = Thread(
                target=in_this_trace, args=(self._repeat, self._ended), name="plangate-begun", daemon=True
            )
            self._speaker.start()

    def end(self) -> None:
        """Say no more. Waits for a word that is under way."""
        with self._lock:
            if self._speaker:
                self._ended.set()
                self._speaker.join()
                self._speaker = None

    def _repeat(self, ended: Event) -> None:
        while not ended.wait(self._every_s):
            try:
                self._say()
            except Exception:
                _log.warning("the gate could not be told that a plan is being worked at", exc_info=True)
