"""What is thrown at the apps: noise, mutated good records in all three encodings, wild ones, linked ones."""

import json
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec

from benchmarks.malformed import ABSURD
from gate_events.codec import encode, to_json
from gate_events.contracts import SINGLE_OBJECT, contract_of
from gate_events.digest import plan_digest
from gate_events.errors import UnencodableError
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, PlanProposed
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES, PLANS, TOPIC_OF, TOPICS
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, Resolution, StepStatus
from tests.events.samples import SAMPLES
from tests.fuzz.wild import NAMES, json_value, pick, until_valid, wild
from tests.store.examples import HOUR, NOON, executed, run

READ = (PLANS, AUTO_EXECUTE, APPROVAL_REQUESTS, DECISIONS, OUTCOMES)
SCHEMAS = {number: contract_of(topic.record).parsed for number, topic in enumerate(TOPICS, start=1)}
_ID_OF = {topic.record: number for number, topic in enumerate(TOPICS, start=1)}
_ACTIONS = ("look", "tag", "send", "pay", "untag", "never heard of")
_PEOPLE = ("ana", "carla", "dev", "agent-7", "clock", "gate")


class Material:
    """An endless supply, seeded. It learns what the router sent, and speaks about that."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable run, no secret
        self.now = NOON  # the broker's and everybody's
        self.asked: deque[ApprovalRequested] = deque(maxlen=60)
        self.cleared: deque[PlanCleared] = deque(maxlen=60)
        self._relayed: deque[Any] = deque(maxlen=500)
        self._sent: deque[tuple[str, bytes | None]] = deque(maxlen=200)
        self._samples = {type(each): each for each in SAMPLES}

    def learn(self, record: Any) -> None:
        """A record that is on Kafka now."""
        if isinstance(record, ApprovalRequested):
            self.asked.append(record)
        elif isinstance(record, PlanCleared):
            self.cleared.append(record)

    def relayed(self, record: Any) -> None:
        """What an app said is on Kafka now, and comes to who reads its topic."""
        if TOPIC_OF[type(record)] in READ:
            self._relayed.append(record)

    def next(self) -> tuple[str, bytes | None]:
        """A topic and a value for it."""
        if self._relayed and self.chance.random() < 0.5:
            record = self._relayed.popleft()
            return TOPIC_OF[type(record)].name, self._encoded(record)
        topic = pick(self.chance, READ)
        makers: list[Callable[[type[Any]], bytes | None]] = [
            self._noise,
            self._framed_noise,
            self._mutated,
            self._absurd,
            self._foreign,
            self._wild,
            self._wild,
            *[self._linked] * 12,
        ]
        if self._sent and self.chance.random() < 0.05:
            return pick(self.chance, self._sent)  # a redelivery
        made = topic.name, pick(self.chance, makers)(topic.record)
        self._sent.append(made)
        return made

    def _noise(self, _: type[Any]) -> bytes | None:
        return pick(self.chance, (None, b"", self.chance.randbytes(self.chance.randrange(300))))

    def _framed_noise(self, record: type[Any]) -> bytes:
        heads = (
            SINGLE_OBJECT + contract_of(record).fingerprint,
            b"\0" + self.chance.randrange(-2, 14).to_bytes(4, "big", signed=True),
            b"{",
        )
        return pick(self.chance, heads) + self.chance.randbytes(self.chance.randrange(120))

    def _mutated(self, record: type[Any]) -> bytes:
        good = bytearray(self._encoded(self._good(record)))
        for _ in range(self.chance.randrange(1, 4)):
            at = self.chance.randrange(len(good))
            how = self.chance.randrange(3)
            if how == 0:
                good[at] ^= 1 << self.chance.randrange(8)
            elif how == 1:
                del good[at : at + self.chance.randrange(1, 20)]
            else:
                good[at:at] = good[at : at + self.chance.randrange(1, 20)]
            if not good:
                break
        return bytes(good)

    def _absurd(self, record: type[Any]) -> bytes:
        plain = json.loads(to_json(self._good(record)))
        field = pick(self.chance, sorted(plain))
        values = [*ABSURD.get(field, ()), json_value(self.chance)]
        return json.dumps({**plain, field: pick(self.chance, values)}).encode()

    def _foreign(self, _: type[Any]) -> bytes:
        return self._encoded(pick(self.chance, SAMPLES))

    def _wild(self, record: type[Any]) -> bytes:
        made = until_valid(lambda: wild(record, self.chance))
        if isinstance(made, ApprovalRequested | PlanCleared) and self.chance.random() < 0.7:
            made = self._consistent(made)
            if self.chance.random() < 0.1:  # hardly any becomes a gate or a clearance
                self.learn(made)
        return self._encoded(made)

    def _consistent(self, made: Any) -> Any:
        """With the digest of its own steps, so that it can be approved or executed."""
        with suppress(UnencodableError):
            digest = plan_digest(made.plan_id, made.revision, made.steps, made.run)
            return msgspec.structs.replace(made, digest=digest)
        return made

    def _linked(self, record: type[Any]) -> bytes:
        return self._encoded(self._good(record))

    def _encoded(self, record: Any) -> bytes:
        """In one of the three encodings."""
        form = self.chance.randrange(3)
        return to_json(record) if form == 2 else encode(record, _ID_OF[type(record)] if form else None)

    def _good(self, record: type[Any]) -> Any:
        """A record as the parts write it: about what is there."""
        if record is PlanProposed:
            return self._plan()
        if record is DecisionMade and self.asked:
            return self._decision(pick(self.chance, self.asked))
        if record is ApprovalRequested and self.asked:
            return pick(self.chance, self.asked)
        if record is PlanCleared and self.cleared:
            return pick(self.chance, self.cleared)
        if record is PlanExecuted and self.cleared:
            plans: list[PlanCleared | ApprovalRequested] = [*self.cleared, *self.asked]
            return self._outcome(pick(self.chance, plans))
        return self._samples[record]

    def _plan(self) -> PlanProposed:
        chance = self.chance
        steps = tuple(
            Step(step_id=f"s{n}", action_type=pick(chance, _ACTIONS), arguments={"what": json_value(chance)})
            for n in range(chance.randrange(4))
        )
        sample: PlanProposed = self._samples[PlanProposed]
        return msgspec.structs.replace(
            sample,
            event_id=UUID(int=chance.getrandbits(128)),
            plan_id=UUID(int=chance.getrandbits(128)),
            revision=pick(chance, (1, 1, 1, 2)),
            proposed_at=NOON,
            proposer="agent-7",
            steps=steps,
            run=run(f"t{chance.randrange(40)}", f"c{chance.randrange(10**6):06}")
            if chance.random() < 0.1  # nobody submitted it
            else None,
        )

    def _decision(self, request: ApprovalRequested) -> DecisionMade:
        chance = self.chance
        allowed = [*request.review.terms.allowed, DecisionKind.APPROVE]
        kind = pick(chance, allowed if chance.random() < 0.8 else list(DecisionKind))
        by = pick(chance, _PEOPLE[:3] if chance.random() < 0.8 else (*_PEOPLE, pick(chance, NAMES)))
        deciders = {"clock": DeciderKind.CLOCK, "gate": DeciderKind.GATE}
        return DecisionMade(
            event_id=derived("fuzz", chance.getrandbits(64)),
            request_id=request.request_id,
            plan_id=request.plan_id,
            revision=request.revision,
            digest=request.digest,
            kind=kind,
            decided_at=self.now + (chance.random() < 0.1) * chance.randrange(-2, 10) * HOUR,
            decided_by=by,
            decider=deciders.get(by, DeciderKind.PERSON),
            steps=self._plan().steps or None if kind is DecisionKind.EDIT else None,
            step_ids=("s0",) if kind is DecisionKind.UNDO and chance.random() < 0.5 else (),
            resolution=pick(chance, list(Resolution)) if kind is DecisionKind.RESOLVE else None,
        )

    def _outcome(self, plan: PlanCleared | ApprovalRequested) -> PlanExecuted:
        status, step = pick(self.chance, list(OutcomeStatus)), pick(self.chance, list(StepStatus))
        return executed(plan, status, step, NOON + HOUR)
