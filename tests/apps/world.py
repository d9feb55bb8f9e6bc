"""Topics, a store and worker processes of one test, and what a test says and sees there."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Message, Producer, TopicPartition
from sqlalchemy import select

from gate_events.codec import decode, encode
from gate_events.digest import review_digest
from gate_events.headers import cloud_event
from gate_events.ids import derived
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanExecuted,
    PlanProposed,
    StepResult,
)
from gate_events.topics import TOPIC_OF, TOPICS, key_of
from gate_events.values import Agent, Step
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, StepStatus
from gate_policy.catalogue import load_catalogue
from gate_policy.edited import review_of_edit
from gate_policy.route import route
from gate_store.database import open_store
from gate_store.tables import clearances, decisions, gates, revisions
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.topics import quiet_admin
from tests.forked import Forked
from tests.stores import migrated

R = TypeVar("R")
T = TypeVar("T")

CATALOGUE = """
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
roles:
  finance: [carla, dev]
actions:
  look: {tier: REVERSIBLE, says: "Look at {{ what }}"}
  tag:
    tier: PARTIALLY_REVERSIBLE
    says: "Tag {{ what }}"
    undo: {action: untag, arguments: {what: "{{ what }}"}}
  untag:
    tier: PARTIALLY_REVERSIBLE
    says: "Untag {{ what }}"
    undo: {action: tag, arguments: {what: "{{ what }}"}}
  send: {tier: IRREVERSIBLE, says: "Send {{ what }}"}
  blink: {tier: IRREVERSIBLE, says: "Blink", deadline: 1s}
  pay: {tier: IRREVERSIBLE, says: "Pay {{ what }}", reviewers: [finance]}
"""


def until(condition: Callable[[], T], timeout_s: float = 30.0) -> T:
    """Wait until `condition` gives something true, and return that."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain, last saw {found!r}"
        time.sleep(0.05)
    return found


def plan(*action_types: str, **fields: Any) -> PlanProposed:
    """A plan with one step per action type."""
    steps = tuple(
        Step(step_id=str(number), action_type=action, arguments={"what": f"thing {number}"})
        for number, action in enumerate(action_types, start=1)
    )
    told = {"event_id": uuid4(), "plan_id": uuid4(), "proposed_at": datetime.now(UTC), "proposer": "agent-7"}
    return PlanProposed(**{**told, "agent": Agent(name="agent-7"), "steps": steps, **fields})


def asked(*action_types: str) -> ApprovalRequested:
    """The router's request about such a plan."""
    request = route(plan(*action_types), load_catalogue(CATALOGUE), now=datetime.now(UTC))
    assert isinstance(request, ApprovalRequested)
    return request


def decision(
    request: ApprovalRequested, kind: DecisionKind = DecisionKind.APPROVE, by: str = "ana", **fields: Any
) -> DecisionMade:
    """A person's decision on a request."""
    told = {
        "event_id": uuid4(),
        "request_id": request.request_id,
        "plan_id": request.plan_id,
        "revision": request.revision,
        "digest": request.digest,
        "kind": kind,
        "decided_at": datetime.now(UTC),
        "decided_by": by,
        "decider": DeciderKind.PERSON,
        "review_digest": _seen(request, kind, fields),
    }
    return DecisionMade(**{**told, **fields})


def _seen(request: ApprovalRequested, kind: DecisionKind, fields: dict[str, Any]) -> str:
    """The digest of what was shown; of an edit, of what it makes of the plan."""
    if kind is not DecisionKind.EDIT:
        return review_digest(request.review)
    return review_digest(review_of_edit(request, fields["steps"], load_catalogue(CATALOGUE)))


def outcome(cleared: PlanCleared) -> PlanExecuted:
    """A service did all of a cleared plan."""
    now = datetime.now(UTC)
    results = (
        StepResult(step_id=step.step_id, status=StepStatus.SUCCEEDED, finished_at=now)
        for step in cleared.steps
    )
    return PlanExecuted(
        event_id=derived("outcome", cleared.plan_id, cleared.digest),
        plan_id=cleared.plan_id,
        revision=cleared.revision,
        digest=cleared.digest,
        executed_at=now,
        executor="a-service",
        status=OutcomeStatus.DONE,
        results=tuple(results),
    )


class Worker:
    """A process of Faust apps."""

    def __init__(self, settings: Path, log: Path) -> None:
        self.log = log
        self.process = Forked(
            "tests.apps.apps_process", settings, folder=Path.cwd(), environment=os.environ, out=log, err=log
        )

    def serves(self, app: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return f"plangate-{app} serves" in self.log.read_text()

    def end(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)


class World:
    """One test's topics, store and workers."""

    def __init__(self, kafka: ApacheKafka, store_url: str, prefix: str, folder: Path) -> None:
        self.kafka = kafka
        self.prefix = prefix
        self.folder = folder
        self.store_url = store_url
        kafka.create_topics(*(prefix + topic.name for topic in TOPICS), partitions=3)
        migrated(store_url)
        self.store = open_store(store_url)
        self.producer = Producer(
            {
                **kafka.client_options,
                "partitioner": "murmur2_random",
                "message.max.bytes": 10_000_000,
            }
        )
        self.workers: list[Worker] = []

    def start(self, *only: str, instance: str | None = None, wait: bool = True, **settings: Any) -> Worker:
        """A worker process; waits until it serves."""
        number = len(self.workers)
        file = self.folder / f"worker-{number}.json"
        given = {
            "kafka": {**self.kafka.client_options, "session.timeout.ms": 6000},
            "store_url": self.store_url,
            "topic_prefix": self.prefix,
            "catalogue": CATALOGUE,
            "only": only,
            "instance": instance,
            "spool": str(self.folder / "spool"),
        }
        file.write_text(json.dumps({**given, **settings}))
        worker = Worker(file, self.folder / f"worker-{number}.log")
        self.workers.append(worker)
        if wait:
            until(lambda: all(worker.serves(app) for app in only))
        return worker

    def send(self, *records: Any) -> None:
        """Write records to their topics, and wait until Kafka has them."""
        for record in records:
            topic = self.prefix + TOPIC_OF[type(record)].name
            headers: Any = cloud_event(record, "test")
            self.producer.produce(topic, encode(record), key_of(record), headers=headers)
            self.producer.poll(0)
        assert self.producer.flush(60) == 0

    def send_raw(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        headers: Sequence[tuple[str, str | bytes | None]] = (),
    ) -> None:
        """Write bytes as they are."""
        self.producer.produce(self.prefix + topic, value, key, headers=cast(Any, list(headers)))
        self.producer.flush(30)

    @contextmanager
    def reader(self, *topics: str) -> Iterator["Reader"]:
        """Read topics from their beginning."""
        reader = Reader(self, topics)
        try:
            yield reader
        finally:
            reader.close()

    def read(self, record: type[R], count: int, timeout_s: float = 60.0) -> list[R]:
        """The first `count` distinct records of a type, by event id."""
        with self.reader(TOPIC_OF[record].name) as reader:
            return reader.records(record, count, timeout_s)

    def gate(self, request_id: UUID) -> Any:
        """The row of a gate, or None."""
        with self.store.connect() as conn:
            return conn.execute(select(gates).where(gates.c.gate_id == request_id)).one_or_none()

    def owner_of(self, plan_id: UUID) -> str | None:
        """Who proposed a plan first, as the store has it."""
        with self.store.connect() as conn:
            query = select(revisions.c.proposer).where(revisions.c.plan_id == plan_id)
            return conn.execute(query).scalar()

    def gate_state(self, request_id: UUID) -> str | None:
        row = self.gate(request_id)
        return row.state if row else None

    def may_run(self, digest: str) -> bool:
        """Whether a plan was cleared."""
        with self.store.connect() as conn:
            found = conn.execute(select(clearances.c.digest).where(clearances.c.digest == digest))
            return found.first() is not None

    def dispositions(self) -> dict[UUID, str]:
        """What became of each decision."""
        with self.store.connect() as conn:
            rows = conn.execute(select(decisions.c.decision_id, decisions.c.disposition)).all()
        return {row.decision_id: row.disposition for row in rows}

    def lag(self, app: str, *topics: str) -> int:
        """Records of these topics whose offsets the app's group has not committed."""
        admin = quiet_admin(self.kafka.client_options)
        group = f"{self.prefix}plangate-{app}"
        found = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20)
        committed = {(each.topic, each.partition): each.offset for each in found.topic_partitions or []}
        with self.reader(*topics) as reader:
            return sum(high - max(committed.get(tp, 0), 0) for tp, high in reader.ends().items())

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.store.dispose()


class Reader:
    """A consumer of its own group."""

    def __init__(self, world: World, topics: Sequence[str]) -> None:
        self._prefix = world.prefix
        self._topics = topics
        settings: dict[str, Any] = {
            **world.kafka.client_options,
            "group.id": f"{world.prefix}{uuid4().hex}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "message.max.bytes": 100_000_000,
            "fetch.message.max.bytes": 20_000_000,
        }
        self.consumer = Consumer(settings)
        self.consumer.subscribe([world.prefix + topic for topic in topics])

    def messages(self, enough: Callable[[list[Message]], bool], timeout_s: float = 60.0) -> list[Message]:
        """Read until `enough`."""
        seen: list[Message] = []
        deadline = time.monotonic() + timeout_s
        while not enough(seen):
            assert time.monotonic() < deadline, f"{len(seen)} messages on {self._topics} were not enough"
            for message in self.consumer.consume(500, 0.2):
                assert message.error() is None, message.error()
                seen.append(message)
        return seen

    def records(self, record: type[R], count: int, timeout_s: float = 60.0) -> list[R]:
        """Read until there are `count` distinct records, by event id."""
        found: dict[Any, R] = {}

        def enough(messages: list[Message]) -> bool:
            for message in messages[len(done) :]:
                done.append(message)
                each: Any = decode(message.value(), record)
                found.setdefault(each.event_id, each)
            return len(found) >= count

        done: list[Message] = []
        self.messages(enough, timeout_s)
        return list(found.values())

    def ends(self) -> dict[tuple[str, int], int]:
        """The end offset of every partition."""
        known = self.consumer.list_topics(timeout=10).topics
        return {
            (self._prefix + topic, number): self.consumer.get_watermark_offsets(
                TopicPartition(self._prefix + topic, number), timeout=10
            )[1]
            for topic in self._topics
            for number in known[self._prefix + topic].partitions
        }

    def close(self) -> None:
        self.consumer.close()


def headers_of(message: Message) -> dict[str, str]:
    """A message's headers; our tests repeat no name."""
    headers: Any = message.headers()
    return {name: value.decode() for name, value in headers or []}
