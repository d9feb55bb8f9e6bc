"""Malformed records among good ones, on every topic that workers read: `python -m benchmarks.poison`.

On Apache Kafka and PostgreSQL. Every malformed record ends among the dead letters or is refused by the
broker; every good plan is served; no worker restarts.
"""

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from confluent_kafka import KafkaError, Message, Producer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.executor import Witness, executors
from benchmarks.malformed import malformed
from gate_events.codec import encode
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanExecuted, PlanProposed
from gate_events.topics import DEAD_LETTERS, TOPIC_OF, key_of
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus
from gate_policy.route import route
from gate_store.database import open_store, utc_now
from gate_store.tables import gates, plan_outcomes
from plangate import Plan, Step
from plangate.dev.stack import Stack, services, workers
from plangate.examples import example
from plangate.kafka.reading import read_all
from plangate.wiring import open_catalogue, open_producer
from producers.decisions import decide
from producers.kafka_producer import DEFAULTS
from producers.plans import proposal

MALFORMED_PER_TOPIC = 1_000
GOOD = 300
REVIEWER = "ana"
SEED = 1
PATIENCE_S = 300
LARGEST = 10_000_000  # bytes that this producer sends; the broker judges


@dataclass
class Sent:
    """What became of the malformed records at the broker."""

    taken: int = 0
    refused: int = 0

    def report(self, error: KafkaError | None, _message: Message) -> None:
        """A delivery report."""
        if error:
            self.refused += 1
        else:
            self.taken += 1


def main() -> None:
    """Run, and print the sums as the last line."""
    with (
        tempfile.TemporaryDirectory(prefix="plangate-poison-", dir="/var/tmp") as name,
        Progress(console=Console(stderr=True)) as progress,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        catalogue = example("catalogues/billing.yaml")
        with (
            services(folder, "apache", "postgresql", catalogue=catalogue, spool=folder / "spool") as stack,
            workers(stack, folder),
            executors(stack.settings, Witness(), 1),
        ):
            result = _poison(stack, progress)
            restarts = (folder / "worker-1.log").read_text().count("it starts again")
    print(msgspec.json.encode({**result, "worker_restarts": restarts}).decode())


def _poison(stack: Stack, progress: Progress) -> dict[str, int]:
    plans = [_plan(number) for number in range(GOOD)]
    bad = _bad_records(stack, plans)
    sent = Sent()
    bar = progress.add_task("sending", total=len(bad))
    producer = Producer({**DEFAULTS, **stack.settings.kafka_options, "message.max.bytes": LARGEST})
    for number, (topic, value) in enumerate(bad):
        producer.produce(stack.settings.topic(topic), value, str(number).encode(), on_delivery=sent.report)
        if number % (len(bad) // GOOD) == 0 and plans:
            record = plans.pop()
            producer.produce(stack.settings.topic("plans"), encode(record), key_of(record))
        producer.poll(0)
        if len(value) > 1_000_000:
            producer.flush()
        progress.advance(bar)
    producer.flush()
    bar = progress.add_task("serving", total=GOOD)
    _decide_until_served(stack, lambda served: progress.update(bar, completed=served))
    dead = _wait_for(lambda: _dead(stack), lambda found: found >= sent.taken)
    return {
        "malformed": len(bad),
        "dead_lettered": dead,
        "refused": sent.refused,
        "good": GOOD,
        "good_served": _served(stack),
    }


def _plan(number: int) -> PlanProposed:
    """Harmless, partly reversible and irreversible in turn."""
    customer = f"customer-{number}"
    steps = [
        Step("add_note", {"customer": customer, "note": "called"}),
        Step("tag_account", {"customer": customer, "tag": "late"}),
        Step("send_overdue_notice", {"customer": customer, "to": "a@example.com", "subject": "Overdue",
                                     "body": "…", "invoice": str(number), "invoice_status": "open"}),
    ]  # fmt: skip
    plan = Plan(goal="serve", steps=[steps[number % 3]], agent="benchmark")
    return proposal(plan, derived("poison", number), 1, utc_now)


def _bad_records(stack: Stack, plans: Sequence[PlanProposed]) -> list[tuple[str, bytes]]:
    chance = random.Random(SEED)  # noqa: S311 - a repeatable run, no secret
    found = [
        (TOPIC_OF[type(good)].name, value)
        for good in _samples(stack, plans)
        for value in malformed(good, MALFORMED_PER_TOPIC, chance)
    ]
    chance.shuffle(found)
    return found


def _samples(stack: Stack, plans: Sequence[PlanProposed]) -> Iterator[Any]:
    """A good record for each topic that workers read."""
    catalogue = open_catalogue(stack.settings)
    asked = route(plans[2], catalogue, now=utc_now())
    cleared = route(plans[0], catalogue, now=utc_now())
    yield from (plans[0], cleared, asked)
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


def _decide_until_served(stack: Stack, report: Callable[[int], None]) -> None:
    store = open_store(stack.settings.store_url)
    decided: set[UUID] = set()
    with open_producer(stack.settings, "benchmark-reviewer") as producer:

        def look() -> int:
            query = select(gates.c.request).where(
                gates.c.state == "PENDING", gates.c.timing == "BEFORE", gates.c.gate_id.not_in(decided)
            )
            with store.connect() as conn:
                found = conn.execute(query).scalars().all()
            for request in (msgspec.convert(one, ApprovalRequested) for one in found):
                decide(producer, request, DecisionKind.APPROVE, by=REVIEWER)
                decided.add(request.request_id)
            served = _served(stack)
            report(served)
            return served

        _wait_for(look, lambda served: served >= GOOD)


def _served(stack: Stack) -> int:
    good = [derived("poison", number) for number in range(GOOD)]
    query = select(func.count()).where(plan_outcomes.c.plan_id.in_(good), plan_outcomes.c.status == "DONE")
    with open_store(stack.settings.store_url, pool_size=1).connect() as conn:
        return conn.execute(query).scalar_one()


def _dead(stack: Stack) -> int:
    """Distinct dead records: whoever reads a topic buries what it cannot take, and perhaps twice."""
    topic = stack.settings.topic(DEAD_LETTERS.name)
    headers = (dict(message.headers() or []) for message in read_all(stack.settings, topic))
    where = ("plangate_topic", "plangate_partition", "plangate_offset")
    return len({tuple(one[part] for part in where) for one in headers})


def _wait_for(look: Callable[[], int], enough: Callable[[int], bool]) -> int:
    """What `look` gives last: when it is enough, or when patience is over."""
    last = 0

    def again() -> bool:
        nonlocal last
        last = look()
        return enough(last)

    with suppress(RetryError):
        Retrying(
            stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.5), retry=retry_if_result(lambda ok: not ok)
        )(again)
    return last


if __name__ == "__main__":
    main()
