"""Router and gatekeeper, all but Kafka real: a fake intake and writer keep the books.

Every record ends as exactly one of routed, recorded or dead-lettered; what is acked without a trace, acked
twice or never acked is dropped.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, literal, select, tuple_

from gate_events.codec import decode
from gate_events.digest import plan_digest
from gate_events.errors import UndecodableError
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, PlanProposed
from gate_events.topics import DEAD_LETTERS, PLANS, TOPIC_OF, TOPICS, key_of
from gate_events.words import OutcomeStatus
from gate_policy.catalogue import load_catalogue
from gate_store.database import open_store
from gate_store.engine.port import OutboxRow
from gate_store.tables import (
    asked_anew,
    clearances,
    decisions,
    executions,
    gates,
    outbox,
    plan_outcomes,
    uncounted_outcomes,
    waiting_plans,
)
from gate_store.uncounted_outcomes import KEPT_BY
from gate_store.waiting_plans import claim_id
from stream_apps.config import AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder
from stream_apps.gatekeeper.gatekeeping import INPUTS, Bells, Gatekeeping, StoreThread
from stream_apps.gatekeeper.ticker import Ticker
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.progress import Progress
from stream_apps.relay import Relay
from stream_apps.router.prior import PriorEffects
from stream_apps.router.routing import Routing
from tests.apps.world import CATALOGUE
from tests.fuzz.material import SCHEMAS, Material
from tests.store.examples import NOON
from tests.stores import migrated

_RECORDS = {topic.name: topic.record for topic in TOPICS}
_REFUSED_ONE_IN = 200
_TICK_ONE_IN = 20


class Sums(msgspec.Struct):
    """What became of the records."""

    records: int = 0
    routed: int = 0
    recorded: int = 0
    dead_lettered: int = 0
    crashes: int = 0
    dropped: int = 0


class FakeWriter:
    """Takes what the apps send, keeps it by topic, and now and then refuses, as a broker does."""

    waits = False  # a broker that takes nothing

    def __init__(self, material: Material) -> None:
        self._material = material
        self.dead: Counter[tuple[str, int]] = Counter()  # by topic and offset
        self.routed: Counter[int] = Counter()  # by offset
        self.relayed = 0
        self.given_up = 0  # by the clock
        self.told: set[str] = set()  # the digests of cleared plans

    async def room(self) -> None:
        """There always is."""

    def send(self, record: Outgoing) -> None:
        """Deliver at once."""
        if record.topic == DEAD_LETTERS.name:
            headers = dict(record.headers)
            if headers["plangate_offset"] == b"0":  # of what waited in the store, which keeps no offsets
                self.given_up += 1
                record.delivered()
                return
            place = (headers["plangate_topic"] or b"").decode(), int(headers["plangate_offset"] or b"")
            self.dead[place] += 1
            record.delivered()
            return
        source = getattr(record.delivered, "__self__", None)
        if isinstance(source, Received):
            if self._material.chance.randrange(_REFUSED_ONE_IN) == 0:
                record.refused("it is too large")
                return
            self.routed[source.message.offset] += 1
            sent = decode(record.value, _RECORDS[record.topic])
            if isinstance(sent, PlanCleared):
                self.told.add(sent.digest)
        else:
            self.relayed += 1
        self._material.relayed(decode(record.value, _RECORDS[record.topic]))
        self._material.learn(decode(record.value, _RECORDS[record.topic]))
        record.delivered()


class Harness:
    """Both apps in this process, on a SQLite store in `folder`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.material = Material(seed)
        self.sums = Sums()
        self.faults: list[BaseException] = []
        self.now = NOON
        self._acks: Counter[int] = Counter()
        self._offset = 0
        self._line: deque[Received] = deque()
        url = f"sqlite:///{folder / 'fuzz.db'}"
        migrated(url)
        self.store = open_store(url)
        self.config = AppsConfig(
            kafka={},
            store_url=url,
            catalogue=load_catalogue(CATALOGUE),
            schema_of_id=_schema_of,
            spool=folder / "spool",
            clock=lambda: self.now,
        )
        self.writer = FakeWriter(self.material)
        self._build(cast(KafkaWriter, self.writer), Progress())

    def _build(self, writer: KafkaWriter, progress: Progress) -> None:
        config, self._progress = self.config, progress
        decoder = Decoder(config, progress)
        self.routing = Routing(
            config,
            decoder,
            Encoder("plangate/router", config),
            PriorEffects(self.store, config.clock, progress),
            writer,
            DeadLetters("router", config, writer),
        )
        dead_letters = DeadLetters("gatekeeper", config, writer)
        self._thread = StoreThread(self.store, progress)
        self._ticker = Ticker(config, self._thread, dead_letters)
        self.gatekeeping = Gatekeeping(
            config,
            self._thread,
            decoder,
            dead_letters,
            Bells(lambda: None, lambda: None),
        )
        self.relay = Relay("plangate/gatekeeper", config, writer, progress)

    async def feed(self, count: int) -> None:
        """Feed `count` records, in batches, each to the app that reads its topic."""
        made = [self.material.next() for _ in range(count)]
        received = [self._received(topic, value) for topic, value in made]
        plans = [each for each in received if each.topic == PLANS.name]
        others = [each for each in received if each.topic in INPUTS]
        assert len(plans) + len(others) == count
        for handle, batch in ((self.routing.handle, plans), (self.gatekeeping.handle, others)):
            if batch:
                await self._run(handle(batch))
        await self._run(self._beside())
        self._settle(received)

    async def _run(self, work: Any) -> None:
        try:
            await work
        except Exception as error:  # what the fuzzer looks for
            self.sums.crashes += 1
            self.faults.append(error)

    async def _beside(self) -> None:
        """The relay publishes the outbox; at times the clock ticks."""
        with self.store.begin() as conn:
            rows = conn.execute(select(outbox).order_by(outbox.c.id)).all()
        sent = [
            (row.id, OutboxRow(row.event_id, row.record, row.key, row.body, row.contract)) for row in rows
        ]
        published = await self.relay.publish(sent)
        ticks = False
        with self.store.begin() as conn:
            conn.execute(delete(outbox).where(outbox.c.id.in_(published)))
            if self.material.chance.randrange(_TICK_ONE_IN) == 0:
                self.now += timedelta(minutes=self.material.chance.randrange(30))
                self.material.now = self.now
                ticks = True
        if ticks:
            await self._thread.do(self._ticker.tick)

    def _received(self, topic: str, value: bytes | None) -> Received:
        self._offset += 1
        offset = self._offset
        message = SimpleNamespace(
            value=value,
            key=_key_of(value),
            headers=None,
            partition=0,
            offset=offset,
            timestamp_type=1,  # LogAppendTime
            timestamp=self.now.timestamp(),
        )
        event = SimpleNamespace(message=message, ack=lambda: self._acks.update([offset]))
        received = Received(event, topic, self._line, self._progress)
        self._line.append(received)
        return received

    def _settle(self, batch: Sequence[Received]) -> None:
        """Count each record of a batch once; what is acked must have left its trace."""
        with self.store.begin() as conn:
            for received in batch:
                offset = received.message.offset
                ends = {
                    "routed": self.writer.routed[offset],
                    "dead_lettered": self.writer.dead[received.topic, offset],
                }
                if not sum(ends.values()):
                    ends["recorded"] = int(self._is_recorded(conn, received))
                self.sums.records += 1
                if sum(ends.values()) == 1 and self._acks[offset] == 1:
                    [end] = [name for name, times in ends.items() if times]
                    setattr(self.sums, end, getattr(self.sums, end) + 1)
                else:
                    self.sums.dropped += 1
        self._forget(batch)

    def _is_recorded(self, conn: Connection, received: Received) -> bool:
        try:
            record: Any = decode(received.message.value, _RECORDS[received.topic], _schema_of)
        except UndecodableError:
            return False
        if isinstance(record, PlanProposed) and _digest(record) in self.writer.told:
            return True
        return any(conn.execute(select(literal(1)).where(where)).first() for where in _places(record))

    def _forget(self, batch: Sequence[Received]) -> None:
        for received in batch:
            with suppress(KeyError):
                del self._acks[received.message.offset]
                del self.writer.routed[received.message.offset]
        self._line.clear()


def _places(record: Any) -> list[ColumnElement[bool]]:
    """Where the gatekeeper keeps a record; of a plan that was told before, what cleared it."""
    match record:
        case PlanProposed():
            return [clearances.c.digest == _digest(record)]
        case ApprovalRequested():
            return [
                gates.c.gate_id == record.request_id,
                asked_anew.c.request_id == record.request_id,
                waiting_plans.c.claim == claim_id(record),
            ]
        case DecisionMade():
            return [decisions.c.decision_id == record.event_id]
        case PlanCleared():
            known = [table.c.digest == record.digest for table in (clearances, gates)]
            return [*known, waiting_plans.c.claim == claim_id(record)]
        case PlanExecuted(status=OutcomeStatus.BEGUN):
            return [executions.c.digest == record.digest]
        case PlanExecuted():
            attempt = (record.plan_id, record.digest, record.attempt)
            beside = tuple_(*(uncounted_outcomes.c[name] for name in KEPT_BY)) == tuple_(*attempt)
            return [plan_outcomes.c.event_id == record.event_id, beside]
    raise AssertionError(f"the gatekeeper reads no {TOPIC_OF[type(record)].name}")


def _digest(plan: PlanProposed) -> str:
    return plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)


def _schema_of(schema_id: int) -> Any:
    """The schema registry."""
    if schema_id not in SCHEMAS:
        raise UndecodableError("schema registry", f"there is no schema {schema_id}")
    return SCHEMAS[schema_id]


def fuzz(folder: Path, records: int, seed: int, report: Callable[[int], None] = lambda _: None) -> Harness:
    """Feed `records`, in batches of 1 to 64."""

    async def run() -> Harness:
        harness = Harness(folder, seed)
        while (left := records - harness.sums.records) > 0:
            await harness.feed(min(left, harness.material.chance.randrange(1, 65)))
            report(harness.sums.records)
        harness.store.dispose()
        return harness

    with _quiet(logging.getLogger("plangate")):
        return asyncio.run(run())


@contextmanager
def _quiet(log: logging.Logger) -> Iterator[None]:
    """Thousands of bad records are none to be warned of."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _key_of(value: bytes | None) -> bytes:
    """As an honest producer keys what is a plan."""
    try:
        return key_of(decode(value, PlanProposed, _schema_of))
    except Exception:  # whatever a record that is none provokes: the apps must meet it, too
        return b"key"
