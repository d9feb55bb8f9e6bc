"""Plans that may run later: each holds up nothing behind it, and is looked at again until it may or may not.

In memory only: its record is not counted as read meanwhile, so the next start has it, too.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic

from gate_events.records import PlanCleared
from gate_store.engine.port import NotNowError, NotYetClearedError, StoppedError
from producers.dead_letters import place_of
from producers.gatekeeper_offsets import Place
from producers.hearing import Heard
from producers.offsets import Partition

PATIENCE_S = 60.0
"""How long the gatekeeper has to note what a router cleared, where nothing tells whether it has read that."""
MOST = 1_000
"""Plans that wait at a time, for the gatekeeper and for other work each: an honest service has a few."""
MOST_BYTES = 67_108_864
"""The same, in bytes of their records: what a small container has left."""
_FIRST_S, _LONGEST_S = 0.2, 5.0  # between two looks, which double
_AT_ONCE = 10  # looks between two new words: those come first
_SAY_EVERY_S = 60.0

_log = logging.getLogger("plangate.verdicts")


class TooManyWaitError(Exception):
    """{what} plans wait for other work to end already, and no more are kept ({why})."""

    def __init__(self, what: int, why: str) -> None:
        most = f"{what} plans wait for other work to end already, and no more are kept"
        super().__init__(f"{most} ({why}); once that has ended, replay it")


@dataclass(slots=True)
class _Waiting:
    heard: Heard
    size: int
    until: float  # when the gatekeeper has had its time, were it at work
    why: NotNowError
    passed_at: float | None = None  # when the gatekeeper was first seen to have read beyond it
    due: float = 0.0
    pause_s: float = _FIRST_S

    @property
    def kind(self) -> type[NotNowError]:
        """What it waits for: a clearance, the end of a stop, or that of other work (NotNowError)."""
        kinds = (kind for kind in (NotYetClearedError, StoppedError) if isinstance(self.why, kind))
        return next(kinds, NotNowError)


def _nobody_knows(_place: Place) -> bool | None:
    return None


class Postponed:
    """The words of one reader that wait. `now` counts seconds.

    `has_passed` tells whether the gatekeeper has read a clearance (GatekeeperOffsets).
    """

    def __init__(
        self,
        has_passed: Callable[[Place], bool | None] = _nobody_knows,
        now: Callable[[], float] = monotonic,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._has_passed = has_passed
        self._now = now
        self._patience_s = patience_s
        self._waiting: dict[Place, _Waiting] = {}
        self._say_at = 0.0

    def put(self, heard: Heard, why: NotNowError) -> None:
        """Keep the word until it is due again.

        Raises `why` where the gatekeeper has not cleared it and will not, TooManyWaitError where too much
        waits already.
        """
        place, now = place_of(heard.message), self._now()
        known = self._waiting.get(place)
        before = known.kind if known else None
        known = known or _Waiting(heard, len(heard.message.value() or b""), now + self._patience_s, why)
        known.why = why
        if known.kind is NotYetClearedError and self._is_refused(known, place, now):
            raise why
        if known.kind is NotNowError is not before and self._is_full(NotNowError):
            raise TooManyWaitError(MOST, why.why)
        known.due, known.pause_s = now + known.pause_s, min(2 * known.pause_s, _LONGEST_S)
        self._waiting[place] = known

    def drop(self, heard: Heard) -> None:
        """It waits no more."""
        self._waiting.pop(place_of(heard.message), None)

    def forget(self, partitions: Collection[Partition]) -> None:
        """These partitions are given anew, and read from what is not done."""
        gone = [place for place in self._waiting if place[:2] in partitions]
        for place in gone:
            del self._waiting[place]

    def due(self) -> list[Heard]:
        """The words to be looked at again now, the longest due first; a few at a time."""
        now = self._now()
        due = sorted((each for each in self._waiting.values() if each.due <= now), key=lambda each: each.due)
        return [each.heard for each in due[:_AT_ONCE]]

    def next_due_s(self, at_most_s: float) -> float:
        """How long nothing is due."""
        first = min((each.due for each in self._waiting.values()), default=float("inf"))
        return max(0.0, min(first - self._now(), at_most_s))

    @property
    def is_full(self) -> bool:
        """Whether no new word is taken: until the gatekeeper has read what waits, or a stop has ended."""
        if any(isinstance(each.why, StoppedError) and each.why.everything for each in self._waiting.values()):
            return True
        return self._is_full(NotYetClearedError) or self._is_full(StoppedError)

    @property
    def is_soon_known(self) -> bool:
        """Whether the gatekeeper, or whoever is at a step, still has time."""
        now = self._now()
        return any(each.until > now for each in self._waiting.values())

    def _is_refused(self, known: _Waiting, place: Place, now: float) -> bool:
        """Whether the gatekeeper passed it, and the store was looked at after that.

        A later revision has its patience from then on: it may wait in the store for the one before it, which
        travels on another topic.
        """
        passed = self._has_passed(place) if isinstance(known.heard.word, PlanCleared) else None
        if passed is None:
            return now >= known.until
        if not passed:
            known.passed_at = None
            if now >= max(known.until, self._say_at):
                self._say_late(now)
            return False
        if known.passed_at is None:
            known.passed_at, known.pause_s = now, _FIRST_S
            return False
        return known.heard.word.revision == 1 or now >= known.passed_at + self._patience_s

    def _say_late(self, now: float) -> None:
        self._say_at = now + _SAY_EVERY_S
        unknown = (each for each in self._waiting.values() if each.kind is NotYetClearedError)
        count = sum(each.passed_at is None for each in unknown)
        what = "the gatekeeper has not taken %d clearances yet; their plans wait for it: "
        _log.warning(what + "`plangate doctor` says whether it runs, and how far it is behind", count)

    def _is_full(self, kind: type[NotNowError]) -> bool:
        sizes = [each.size for each in self._waiting.values() if each.kind is kind]
        return len(sizes) >= MOST or sum(sizes) >= MOST_BYTES
