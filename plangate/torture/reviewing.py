"""The reviewers: every held gate is decided by the seed, sometimes twice, too early, or too late.

They hear of a question on its topic, and then look at the gate: what the store shows is what they answer.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from confluent_kafka import Message

from gate_events.ids import derived, effect_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanProposed
from gate_events.topics import APPROVAL_REQUESTS, DEAD_LETTERS, PLANS
from gate_events.values import Step
from gate_events.words import DecisionKind, RequestKind, Resolution, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.route import route
from gate_store.database import utc_now
from plangate.torture.chance import chance
from plangate.torture.gates import Gates
from plangate.torture.liars.lie import is_own
from plangate.torture.liars.undecided import Undecided
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer

FIRST, SECOND = "ana", "ben"
EARLY = 0.1  # of the decisions, sent when the plan is heard of, before its request
TWICE, CONTRADICTED = 0.06, 0.08
LATEST_S = 30.0  # a deadline by a clock that is wrong may be an hour away
KINDS = {
    DecisionKind.APPROVE: 0.66,
    DecisionKind.EDIT: 0.2,
    DecisionKind.REJECT: 0.1,
    DecisionKind.RESPOND: 0.04,
}

YOUNG_S = 20.0  # a question that has no gate for longer gets none: it was a lie, or another took its place
AGAIN_S = 0.3  # until they look again for a gate that is not there yet
Happened = Callable[[str], bool]
Due = tuple[float, int, UUID | None, Sequence[DecisionMade]]  # a gate to look at, or what to say


class Collected:
    """A voice that keeps what it should say."""

    def __init__(self) -> None:
        self.said: list[DecisionMade] = []

    def send(self, record: Any) -> None:
        """Keep it."""
        self.said.append(record)


class Reviewers:
    """Decide each request once, as the seed has it. `sent` are the decisions that Kafka has."""

    def __init__(
        self,
        seed: int,
        catalogue: Catalogue,
        producer: KafkaProducer,
        happened: Happened,
        gates: Gates,
        is_lie: Callable[[bytes | None], bool],
        undecided: Undecided,
    ) -> None:
        self.sent: list[DecisionMade] = []
        self._gates = gates
        self._is_lie = is_lie
        self._undecided = undecided
        self._seed = seed
        self._catalogue = catalogue
        self._producer = producer
        self._happened = happened
        self._decided: set[Any] = set()
        self._due: list[Due] = []
        self._count = itertools.count()
        self._gateless: dict[UUID, float] = {}  # questions that were heard and have no gate yet, since when
        self._asked: dict[bytes, UUID] = {}

    @property
    def open(self) -> int:
        """How many questions stand on their topic whose gates are still to open."""
        heard_after = time.monotonic() - YOUNG_S
        return sum(since > heard_after for since in list(self._gateless.values()))

    def hear(self, topic: str, record: Any, message: Message) -> None:
        """A request, or a plan that some reviewer has heard of already."""
        value = message.value() or b""
        if topic == DEAD_LETTERS.name and value in self._asked:
            self._gateless.pop(self._asked[value], None)
        if record is None:
            return
        if topic == APPROVAL_REQUESTS.name:
            self._asked[value] = record.request_id
            self._look_later(record.request_id)
        elif topic == PLANS.name and not self._is_lie(message.value()) and self._is_early(record):
            self._decide_early(record)

    def speak(self) -> None:
        """Look at the gates that are due, and send the decisions that are."""
        due = []
        while self._due and self._due[0][0] <= time.monotonic():
            due.append(heapq.heappop(self._due))
        try:
            found = self._gates.pending({gate for _, _, gate, _ in due if gate is not None})
            held = self._held({decision.request_id for _, _, _, said in due for decision in said})
            said = [each for _, _, _, words in due for each in words if each.request_id not in held]
            self._producer.send_all(said)
        except Exception:
            for each in due:
                heapq.heappush(self._due, each)
            raise
        self.sent += said
        for _, _, _, words in due:
            self._later(AGAIN_S, [each for each in words if each.request_id in held])
        for _, _, gate, _ in due:
            if gate is not None:
                self._look(gate, found)

    def _held(self, gates: Collection[UUID]) -> Collection[UUID]:
        """The gates that a liar says were executed already: they are decided once the store has heard him."""
        return self._gates.unheard(self._undecided.decide(gates))

    def _look_later(self, gate: UUID) -> None:
        if gate not in self._decided:
            self._gateless.setdefault(gate, time.monotonic())
            self._later(0, gate=gate)

    def _look(self, gate: UUID, found: Mapping[UUID, ApprovalRequested | None]) -> None:
        """Decide on what the store shows. A gate that is not there yet may come; a closed one is over."""
        if gate not in found:
            self._later(AGAIN_S, gate=gate)
            return
        self._gateless.pop(gate, None)
        if (request := found[gate]) is not None:
            self._decide(request)

    def _is_early(self, plan: PlanProposed) -> bool:
        dice: Random = self._dice(plan.steps, "early", plan.revision)
        return dice.random() < EARLY

    def _decide_early(self, plan: PlanProposed) -> None:
        expected = route(plan, self._catalogue, now=utc_now())
        if isinstance(expected, ApprovalRequested):
            self._decide(expected, wait_s=0, shown=False)

    def _decide(self, request: ApprovalRequested, wait_s: float | None = None, *, shown: bool = True) -> None:
        if request.request_id in self._decided:
            return
        self._decided.add(request.request_id)
        dice = self._dice(request.steps, request.kind, request.timing, request.attempt, _doubted(request))
        delay = dice.random() * 0.4
        deadline = request.review.terms.deadline
        late = any(step.action_type == "brief" for step in request.steps) and dice.random() < 0.5
        asked_before = request.kind is RequestKind.PLAN and request.timing is Timing.BEFORE
        if asked_before and late and _seconds_to(deadline) < LATEST_S:
            delay = max(_seconds_to(deadline), 0) + 0.3
            said = [self._said(request, DecisionKind.APPROVE, now=deadline + timedelta(seconds=1))]
        else:
            said = list(self._words(request, dice, shown))
        self._later(delay if wait_s is None else wait_s, said)

    def _words(self, request: ApprovalRequested, dice: Any, shown: bool) -> Iterator[DecisionMade]:
        if request.kind is RequestKind.IN_DOUBT:
            yield self._resolved(request, dice)
            return
        if request.timing is Timing.AFTER:
            yield self._said(request, DecisionKind.CONFIRM)
            return
        (kind,) = dice.choices(list(KINDS), list(KINDS.values()))
        if is_own(request.steps):  # no one whom they know asks for this
            kind = DecisionKind.REJECT
        if kind not in request.review.terms.allowed:  # the plan is half done
            kind = DecisionKind.REJECT
        steps = _edited(request, dice) if kind is DecisionKind.EDIT else None
        first = self._said(request, kind, steps=steps, shown=shown)
        yield first
        if dice.random() < TWICE:
            yield first
        if dice.random() < CONTRADICTED:
            other = DecisionKind.APPROVE if kind is DecisionKind.REJECT else DecisionKind.REJECT
            yield self._said(request, other, by=SECOND, shown=shown)

    def _resolved(self, request: ApprovalRequested, dice: Any) -> DecisionMade:
        """The human looks where it would show: at the witness."""
        if self._happened(str(effect_key(request.plan_id, _doubted(request)))):
            resolution = Resolution.HAPPENED
        else:
            resolution = Resolution.ABANDON if dice.random() < 0.1 else Resolution.RETRY
        return self._said(request, DecisionKind.RESOLVE, resolution=resolution)

    def _said(
        self, request: ApprovalRequested, kind: DecisionKind, by: str = FIRST, now: Any = None, **what: Any
    ) -> DecisionMade:
        voice = Collected()
        name = derived("torture", self._seed, request.request_id, kind.value, by)
        clock = (lambda: now) if now else utc_now
        return decide(
            voice, request, kind, by=by, event_id=name, now=clock, catalogue=self._catalogue, **what
        )

    def _later(self, delay: float, said: Sequence[DecisionMade] = (), gate: UUID | None = None) -> None:
        if not said and gate is None:
            return
        heapq.heappush(self._due, (time.monotonic() + delay, next(self._count), gate, said))

    def _dice(self, steps: tuple[Step, ...], *about: Any) -> Any:
        label = steps[0].arguments["label"] if steps else "none"
        return chance(self._seed, "review", label, *(msgspec.to_builtins(each) for each in about))


def _seconds_to(moment: datetime) -> float:
    return (moment - utc_now()).total_seconds()


def _doubted(request: ApprovalRequested) -> str:
    return request.in_doubt.step_id if request.in_doubt else ""


def _edited(request: ApprovalRequested, dice: Any) -> list[Step]:
    """A step less, or another amount."""
    steps = list(request.steps)
    place = dice.randrange(len(steps))
    if len(steps) > 1 and dice.random() < 0.5:
        del steps[place]
        return steps
    step = steps[place]
    changed = {**step.arguments, "amount": step.arguments["amount"] + 1}
    steps[place] = msgspec.structs.replace(step, arguments=changed)
    return steps
