"""What is sent: good plans by every codec and in transactions, and poison of every kind between them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchmarks.malformed import malformed
from gate_events.codec import encode
from gate_events.ids import derived
from gate_events.records import DecisionMade, PlanExecuted, PlanProposed
from gate_events.topics import DEAD_LETTERS, PLANS, TOPIC_OF, key_of
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus
from gate_policy.catalogue import Catalogue
from gate_policy.route import route
from gate_store.database import utc_now
from plangate import Plan, Step
from plangate.torture.poison import BOMB, CODECS, deep, of_unknown_schema, register
from producers.plans import proposal

REVIEWER = "ana"
OVER_LIMIT = 5 * 1024 * 1024  # bytes, and 4 MiB are the most that workers read
DEPTHS = (50, 400, 5_000, 100_000)
GOOD = "good"


@dataclass(frozen=True)
class Sending:
    """One record to be sent. `plan_id`: of a plan that may be served; `alone`: in a batch of its own."""

    kind: str
    topic: str
    value: bytes
    key: bytes = b"poison"
    codec: str = "none"
    alone: bool = False
    plan_id: UUID | None = None


@dataclass(frozen=True)
class Transaction:
    """Records that are committed or aborted together."""

    sendings: Sequence[Sending]
    is_committed: bool


@dataclass(frozen=True)
class Amounts:
    """How many of each."""

    good: int = 300
    malformed: int = 1_000  # for each topic
    heavy: int = 3  # bombs and records over the limit, for each topic and codec
    transactions: int = 40  # of each end
    letters: int = 100
    deep: int = 5  # for each depth
    schemas: int = 5  # of each unsafe schema


def everything(
    amounts: Amounts, catalogue: Catalogue, registry: Mapping[str, str], seed: int
) -> list[Sending | Transaction]:
    """All of it, in an order that the seed repeats."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable run, no secret
    goods = [_plan("good", number) for number in range(max(amounts.good, 3))]
    samples = list(_samples(goods, catalogue))
    found: list[Sending | Transaction] = [
        _good(plan, codec=("none", *CODECS)[number % 5]) for number, plan in enumerate(goods)
    ]
    found += _malformed(amounts, samples, dice)
    found += _heavy(amounts, samples)
    found += _transactions(amounts, samples, dice)
    found += _letters(amounts, dice)
    found += _deep(amounts)
    found += _of_schemas(amounts, registry)
    dice.shuffle(found)
    return found


def _plan(sort: str, number: int) -> PlanProposed:
    """Harmless, partly reversible and irreversible in turn."""
    customer = f"customer-{sort}-{number}"
    steps = [
        Step("add_note", {"customer": customer, "note": "called"}),
        Step("tag_account", {"customer": customer, "tag": "late"}),
        Step("send_overdue_notice", {"customer": customer, "to": "a@example.com", "subject": "Overdue",
                                     "body": "…", "invoice": f"{sort}-{number}", "invoice_status": "open"}),
    ]  # fmt: skip
    plan = Plan(goal="serve", steps=[steps[number % 3]], agent="benchmark")
    return proposal(plan, derived("poison", sort, number), 1, utc_now)


def _good(plan: PlanProposed, codec: str = "none", kind: str = GOOD) -> Sending:
    return Sending(kind, PLANS.name, encode(plan), key_of(plan), codec, plan_id=plan.plan_id)


def _samples(goods: Sequence[PlanProposed], catalogue: Catalogue) -> Iterator[Any]:
    """A good record for each topic that workers read."""
    cleared, asked = (route(goods[number], catalogue, now=utc_now()) for number in (0, 2))
    yield from (goods[0], cleared, asked)
    yield DecisionMade(
        event_id=derived("poison", "decision"),
        request_id=derived("poison", "request"),
        plan_id=asked.plan_id,
        revision=1,
        digest=asked.digest,
        kind=DecisionKind.APPROVE,
        decided_at=utc_now(),
        decided_by=REVIEWER,
        decider=DeciderKind.PERSON,
    )
    yield PlanExecuted(
        event_id=derived("poison", "outcome"),
        plan_id=cleared.plan_id,
        revision=1,
        digest=cleared.digest,
        executed_at=utc_now(),
        executor="benchmark",
        status=OutcomeStatus.DONE,
        results=(),
    )


def _malformed(amounts: Amounts, samples: Sequence[Any], dice: random.Random) -> Iterator[Sending]:
    for good in samples:
        for number, value in enumerate(malformed(good, amounts.malformed, dice)):
            codec = ("none", *CODECS)[number % 5] if len(value) < OVER_LIMIT else "none"
            yield Sending("malformed", TOPIC_OF[type(good)].name, value, codec=codec)


def _heavy(amounts: Amounts, samples: Sequence[Any]) -> Iterator[Sending]:
    for good in samples:
        topic = TOPIC_OF[type(good)].name
        for codec in CODECS:
            for _ in range(amounts.heavy):
                yield Sending(f"bomb_{codec}", topic, bytes(BOMB), codec=codec, alone=True)
                yield Sending(f"over_limit_{codec}", topic, bytes(OVER_LIMIT), codec=codec, alone=True)


def _transactions(amounts: Amounts, samples: Sequence[Any], dice: random.Random) -> Iterator[Transaction]:
    for sort, is_committed in (("committed", True), ("aborted", False)):
        for number in range(amounts.transactions):
            good = _good(_plan(sort, number), kind=sort)
            bad = [
                Sending(sort, TOPIC_OF[type(one)].name, value)
                for one in samples
                for value in malformed(one, 1, dice)
            ]
            yield Transaction([good, *bad], is_committed)


def _letters(amounts: Amounts, dice: random.Random) -> Iterator[Sending]:
    """What claims to be a dead letter and is none: no headers, or whatever bytes."""
    for number in range(amounts.letters):
        value = b"" if number % 10 == 0 else dice.randbytes(dice.randrange(1, 400))
        yield Sending("letters", DEAD_LETTERS.name, value)


def _deep(amounts: Amounts) -> Iterator[Sending]:
    for depth in DEPTHS:
        for number in range(amounts.deep):
            plan = _plan(f"deep-{depth}", 3 * number)
            value = deep(plan, depth)
            yield Sending(f"deep_{depth}", PLANS.name, value, key_of(plan), plan_id=plan.plan_id)


def _of_schemas(amounts: Amounts, registry: Mapping[str, str]) -> Iterator[Sending]:
    for topic, record in ((TOPIC_OF[PlanProposed], PlanProposed), (TOPIC_OF[DecisionMade], DecisionMade)):
        for name, value in register(registry, record.__name__).items():
            for _ in range(amounts.schemas):
                yield Sending(name, topic.name, value)
        for number in range(amounts.schemas):
            yield Sending("unknown_schema_id", topic.name, of_unknown_schema(number))
