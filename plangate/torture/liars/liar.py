"""The liar: hears every topic, and tells as many lies as were ordered while the runs are under way."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol

from confluent_kafka import Message

from gate_events.headers import cloud_event
from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided, PlanProposed
from gate_events.topics import TOPIC_OF, key_of
from plangate.torture.chance import chance
from plangate.torture.liars import on_clearances, on_decisions, on_outcomes, on_plans, on_requests, replays
from plangate.torture.liars.lie import KINDS, Heard, Kind, Learned, Pen, is_own
from plangate.torture.liars.told import Lie, Told, written
from plangate.torture.liars.undecided import Undecided

ROOMS = (on_clearances, on_decisions, on_outcomes, on_plans, on_requests, replays)  # their kinds are in KINDS
SOURCE = "plangate-torture-liar"
KEPT = 200  # true records of each topic, for replays and for lies that nobody provokes any more
LOOKED_AT = 60  # of the kinds that are due: the first that fits what was heard is told
HEAD_START = 0.05  # so much of the lies may be told before the runs have come as far

Share = Callable[[], float]


class Wire(Protocol):
    """What brings his bytes to a topic."""

    def send_bytes(self, topic: str, key: bytes | None, value: bytes, headers: Any) -> None:
        """Return when they are there. Raises where that is not known."""


class Liar:
    """Tells `count` lies, of some kinds or of all.

    `share` says how far the runs are, from 0 to 1: his lies keep pace with them.
    """

    def __init__(
        self,
        seed: int,
        count: int,
        producer: Wire,
        told: Told,
        share: Share,
        kinds: Collection[str] = (),
        undecided: Undecided | None = None,
    ) -> None:
        self.told = 0
        self._seed = seed
        self._count = count
        self._producer = producer
        self._register = told
        self._share = share
        self._due = deque(_kinds(seed, count, kinds or KINDS))
        self._learned = Learned(seed, undecided=undecided or Undecided())
        self._heard: dict[str, deque[Heard]] = {}
        self._to_send: deque[Lie] = deque()
        self._written = 0

    @property
    def to_tell(self) -> int:
        """How many lies are not on their topics yet."""
        return max(self._count - self.told, len(self._to_send))

    def hear(self, topic: str, record: Any, message: Message) -> None:
        """Learn from a true record, and perhaps think of a lie about it."""
        value = message.value() or b""
        if record is None or self._register.is_lie(value) or is_own(getattr(record, "steps", None) or ()):
            return
        heard = Heard(topic, record, message.key(), value, message.headers())
        self._learn(heard)
        if self._may_lie():
            self._think(heard)

    def speak(self) -> None:
        """Send what was thought of. Raises where it could not be sent; it is sent again."""
        if self._may_lie() and not self._to_send and self._share() >= 1:
            self._think_of_the_past()
        while self._to_send:
            lie = self._to_send[0]
            headers = cloud_event(lie.record, SOURCE, json=lie.value.startswith(b"{"))
            self._producer.send_bytes(lie.topic, key_of(lie.record), lie.value, headers)
            self._to_send.popleft()
            if not self._to_send or self._to_send[0].number != lie.number:
                self.told += 1

    def _may_lie(self) -> bool:
        due = self._count * min(1.0, self._share() + HEAD_START)
        return self._written < due and bool(self._due)

    def _learn(self, heard: Heard) -> None:
        record, known = heard.record, self._learned
        self._heard.setdefault(heard.topic, deque(maxlen=KEPT)).append(heard)
        oldest = known.oldest.setdefault(heard.topic, [])
        if len(oldest) < KEPT:
            oldest.append(heard)
        if isinstance(record, ApprovalRequested | PlanCleared):
            known.policy = record.policy
        if isinstance(record, ApprovalRequested):
            known.asked = [*known.asked[-KEPT:], record]
        if isinstance(record, PlanDecided) and record.execute:
            known.approved.add(record.digest)
        if isinstance(record, PlanProposed) and record.run is None:
            known.service_plans += 1

    def _think(self, heard: Heard) -> None:
        """The first kind that is due and fits."""
        for place in range(min(LOOKED_AT, len(self._due))):
            kind = self._due[place]
            if kind.hears == heard.topic and (records := self._written_by(kind, heard)):
                del self._due[place]
                self._take(kind, records)
                return

    def _think_of_the_past(self) -> None:
        """The runs are at rest: what is left is told about what is remembered, or not at all fits."""
        kind = self._due.popleft()
        known = list(self._heard.get(kind.hears, ()))
        chance(self._seed, "past", self._written).shuffle(known)
        for heard in known:
            if records := self._written_by(kind, heard):
                self._take(kind, records)
                return
        self._due.append(KINDS["plan_told_again"])  # nobody left to tell it about

    def _written_by(self, kind: Kind, heard: Heard) -> Sequence[Any]:
        pen = Pen(self._written, chance(self._seed, "lie", self._written), self._learned)
        return kind.makes(heard, pen)

    def _take(self, kind: Kind, records: Sequence[Any]) -> None:
        for record in records:
            lie = self._lie(kind, record)
            self._register.note(lie)
            self._to_send.append(lie)
        self._written += 1

    def _lie(self, kind: Kind, record: Any) -> Lie:
        if isinstance(record, Heard):
            return Lie(self._written, kind.name, record.topic, record.record, record.value, replay=True)
        topic = TOPIC_OF[type(record)].name
        return Lie(self._written, kind.name, topic, record, written(record), replay=kind.is_true_later)


def _kinds(seed: int, count: int, among: Collection[str]) -> Iterator[Kind]:
    """Every kind as often as any other, in an order that the seed repeats."""
    dice = chance(seed, "kinds of lies")
    names = sorted(among)
    left = count
    while left:
        dice.shuffle(names)
        for name in names[:left]:
            yield KINDS[name]
        left -= min(left, len(names))


def kinds_told(lies: Sequence[Lie]) -> Counter[str]:
    """How many lies of each kind."""
    return Counter({lie.number: lie.kind for lie in lies}.values())
