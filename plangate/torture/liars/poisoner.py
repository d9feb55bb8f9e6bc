"""The poisoner: bytes that cost their reader more than they are worth, and words that their sender took back.

Each is either a dead letter in the end, or was aborted: then nobody may have read it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from confluent_kafka import Message

from gate_events.codec import encode
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES, PLANS, key_of
from gate_events.words import DecisionKind
from gate_store.database import utc_now
from plangate import Plan, Step
from plangate.torture.chance import chance
from plangate.torture.liars.liar import HEAD_START, Share
from plangate.torture.liars.lie import LIAR, OWN, is_own
from plangate.torture.liars.on_clearances import cleared
from plangate.torture.liars.on_requests import approved
from plangate.torture.liars.told import Poison, Told
from plangate.torture.liars.voices import PLAIN, End, Voices
from plangate.torture.poison import CODECS, deep, of_unknown_schema, unsafe_schemas
from producers.plans import proposal

LARGEST_RECORD = 262_144  # bytes that the workers of a laboratory read
BOMB = 16 * LARGEST_RECORD  # twice of what they unpack; also by snappy small enough for a broker
READ = (PLANS.name, AUTO_EXECUTE.name, APPROVAL_REQUESTS.name, DECISIONS.name, OUTCOMES.name)
REVIEWER = "ana"  # as whom the reviewers of the laboratory decide
DEPTHS = (500, 10_000, 100_000)


@dataclass(frozen=True)
class Dose:
    """What is sent, and how. `record`: what it says, where it says anything."""

    topic: str
    value: bytes
    codec: str = PLAIN
    end: End = End.ALONE
    key: bytes = b"poison"
    record: Any = None


@dataclass
class Known:
    """What was heard last that could be decided or cleared; and the number and dice of this dose."""

    number: int
    dice: Random
    seed: int
    asked: ApprovalRequested | None = None
    proposed: PlanProposed | None = None
    policy: str = "0" * 64

    @property
    def topic(self) -> str:
        """Any that workers read."""
        return self.dice.choice(READ)

    @property
    def codec(self) -> str:
        """Any that Kafka has."""
        return self.dice.choice(CODECS)

    def plan(self, action: str) -> PlanProposed:
        """A plan of his own."""
        step = Step(action, {"label": f"{OWN}p{self.number}/0/1", "amount": 1})
        plan = Plan([step], "poison", LIAR, LIAR)
        return proposal(plan, derived("poison", self.seed, self.number), 1, utc_now)


Makes = Callable[[Known], Dose | None]


def bomb(known: Known) -> Dose:
    """A batch that unfolds far beyond what workers unpack."""
    return Dose(known.topic, bytes(BOMB), known.codec)


def over_the_limit(known: Known) -> Dose:
    """A record that is larger than workers read."""
    return Dose(known.topic, bytes(LARGEST_RECORD + 1), known.codec)


def unsafe_schema(known: Known) -> Dose:
    """Written by a schema that is recursive, too deep, or has items of no bytes."""
    topic, record = known.dice.choice([(PLANS.name, "PlanProposed"), (DECISIONS.name, "DecisionMade")])
    number, body = known.dice.choice(list(UNSAFE[record].values()))
    return Dose(topic, b"\0" + number.to_bytes(4, "big") + body)


def unknown_schema(known: Known) -> Dose:
    """Under an id that the registry does not know."""
    return Dose(known.topic, of_unknown_schema(known.number))


def noise(known: Known) -> Dose:
    """No record at all, in a codec."""
    return Dose(known.topic, _noise(known), known.codec)


def noise_committed(known: Known) -> Dose:
    """The same in a transaction."""
    return Dose(known.topic, _noise(known), end=End.COMMITTED)


def noise_aborted(known: Known) -> Dose:
    """The same, taken back."""
    return Dose(known.topic, _noise(known), end=End.ABORTED)


def deep_arguments(known: Known) -> Dose:
    """A plan of his own whose argument is lists in lists."""
    plan = known.plan("note")
    return Dose(PLANS.name, deep(plan, known.dice.choice(DEPTHS)), key=key_of(plan))


def plan_taken_back(known: Known) -> Dose:
    """A plan of his own that a service would carry out unasked."""
    return _said(known.plan("file"), End.ABORTED)


def approval_taken_back(known: Known) -> Dose | None:
    """A reviewer's yes, which nothing but its transaction refutes."""
    if known.asked is None:
        return None
    name = derived("poison", "approval", known.seed, known.number)
    said = {"event_id": name, "decided_by": REVIEWER, "kind": DecisionKind.APPROVE}
    return _said(approved(known.asked, **said), End.ABORTED)


def clearance_taken_back(known: Known) -> Dose | None:
    """The clearance of a plan that must be asked about."""
    words = cleared(known.proposed, known.policy) if known.proposed else ()
    return _said(words[0], End.ABORTED) if words else None


ANYWHERE: Mapping[str, Makes] = {
    each.__name__: each
    for each in (bomb, over_the_limit, unsafe_schema, unknown_schema, noise, deep_arguments)
}
IN_TRANSACTIONS: Mapping[str, Makes] = {
    each.__name__: each
    for each in (noise_committed, noise_aborted, plan_taken_back, approval_taken_back, clearance_taken_back)
}


def _numbered() -> tuple[list[Any], dict[str, dict[str, tuple[int, bytes]]]]:
    schemas: list[Any] = []
    found: dict[str, dict[str, tuple[int, bytes]]] = {}
    for record in ("PlanProposed", "DecisionMade"):
        found[record] = {}
        for name, (schema, body) in unsafe_schemas(record).items():
            schemas.append(schema)
            found[record][name] = (len(schemas), body)
    return schemas, found


SCHEMAS, UNSAFE = _numbered()  # what the laboratory's registry holds, its ids from 1 on


class Poisoner:
    """Sends `count` doses while the runs are under way."""

    def __init__(self, seed: int, count: int, voices: Voices, told: Told, share: Share) -> None:
        self.told = 0
        self._seed = seed
        self._count = count
        self._voices = voices
        self._register = told
        self._share = share
        kinds = {**ANYWHERE, **(IN_TRANSACTIONS if voices.transactions else {})}
        self._kinds: Sequence[tuple[str, Makes]] = list(kinds.items())
        self._tries = 0
        self._known = Known(0, chance(seed, "poison", 0), seed)

    @property
    def to_tell(self) -> int:
        """How many doses are not on their topics yet."""
        return self._count - self.told

    def hear(self, topic: str, record: Any, message: Message) -> None:  # noqa: ARG002 - a Listener's
        """Learn what could be decided or cleared."""
        if (
            record is None
            or self._register.is_lie(message.value())
            or is_own(getattr(record, "steps", None) or ())
        ):
            return
        if isinstance(record, ApprovalRequested):
            self._known.asked, self._known.policy = record, record.policy
        if isinstance(record, PlanProposed):
            self._known.proposed = record

    def speak(self) -> None:
        """Send what is due. Raises where it could not be sent; another is sent then."""
        while self.told < self._count * min(1.0, self._share() + HEAD_START):
            name, makes = self._kinds[self._tries % len(self._kinds)]
            known = self._known
            known.number, known.dice = self._tries, chance(self._seed, "poison", self._tries)
            self._tries += 1
            if (dose := makes(known)) is not None:
                self._send(name, dose)

    def _send(self, kind: str, dose: Dose) -> None:
        self._register.expect(dose.value, dose.record)
        place = self._voices.say(dose.topic, dose.key, dose.value, codec=dose.codec, end=dose.end)
        stands = (place.topic, str(place.partition), str(place.offset))
        self._register.note_poison(Poison(kind, stands, dose.end is End.ABORTED, dose.record))
        self.told += 1


def _noise(known: Known) -> bytes:
    return b"\xff" + known.dice.randbytes(40)


def _said(record: Any, end: End) -> Dose:
    return Dose(_TOPIC[type(record).__name__], encode(record), end=end, key=key_of(record), record=record)


_TOPIC = {"PlanProposed": PLANS.name, "DecisionMade": DECISIONS.name, "PlanCleared": AUTO_EXECUTE.name}
