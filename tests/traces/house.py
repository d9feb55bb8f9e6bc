"""Router, gatekeeper and relay of one process, all but Kafka real, and the spans that they leave."""

import asyncio
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from uuid import UUID

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer
from sqlalchemy import delete, select

from gate_events.codec import decode, encode
from gate_events.topics import PLANS, TOPIC_OF, TOPICS, key_of
from gate_events.tracing import of_record, process_tracer, sending, traceparent_in
from gate_policy.catalogue import load_catalogue
from gate_store.database import open_store
from gate_store.engine.port import OutboxRow
from gate_store.tables import outbox
from stream_apps.config import GATEKEEPER, ROUTER, AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder
from stream_apps.gatekeeper.gatekeeping import INPUTS, Bells, Gatekeeping, StoreThread
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.progress import Progress
from stream_apps.relay import Relay
from stream_apps.router.prior import PriorEffects
from stream_apps.router.routing import Routing
from tests.apps.world import CATALOGUE
from tests.stores import migrated

_RECORDS = {topic.name: topic.record for topic in TOPICS}


class Sent(NamedTuple):
    """A record as Kafka has it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Any

    @property
    def record(self) -> Any:
        return decode(self.value, _RECORDS[self.topic])

    @property
    def traceparent(self) -> str:
        return dict(self.headers)["traceparent"].decode()  # type: ignore[no-any-return]


class Kafka:
    """A log in memory, which takes all that is sent."""

    waits = False

    def __init__(self) -> None:
        self.log: list[Sent] = []

    async def room(self) -> None:
        """There always is."""

    def send(self, record: Outgoing) -> None:
        self.log.append(Sent(record.topic, record.key, record.value, record.headers))
        record.delivered()

    def on(self, topic: str) -> list[Sent]:
        return [sent for sent in self.log if sent.topic == topic]


class Spans:
    """What was exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = self.provider.get_tracer("plangate")

    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        (only,) = (span for span in self.all() if span.name == name)
        return only

    def parent_of(self, name: str) -> str:
        """The name of the parent of all spans of that name; empty where it is none of these."""
        ids = {span.parent.span_id if span.parent else 0 for span in self.all() if span.name == name}
        (parent,) = ids
        names = {span.context.span_id: span.name for span in self.all() if span.context}
        return names.get(parent, "")


def id_of(span: ReadableSpan) -> str:
    """The traceparent of a span."""
    context = span.context
    assert context is not None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


class House:
    """A SQLite store in `folder`. Records go on their way when they `flow`."""

    def __init__(self, folder: Path, tracer: Tracer | None, catalogue: str = CATALOGUE) -> None:
        self.url = f"sqlite:///{folder / 'store.db'}"
        migrated(self.url)
        self.store = open_store(self.url)
        self.kafka = Kafka()
        self.acked: list[int] = []
        tracers = {ROUTER: tracer, GATEKEEPER: tracer, "resumer": tracer} if tracer else {}
        self.config = AppsConfig(
            kafka={},
            store_url=self.url,
            catalogue=load_catalogue(catalogue),
            spool=folder / "spool",
            tracers=tracers,
        )
        self._read = 0
        self._build(cast(KafkaWriter, self.kafka), Progress())

    def _build(self, writer: KafkaWriter, progress: Progress) -> None:
        config = self.config
        decoder, encoder = Decoder(config, progress), Encoder("plangate/router", config)
        prior = PriorEffects(self.store, config.clock, progress)
        letters = DeadLetters(ROUTER, config, writer)
        self._routing = Routing(config, decoder, encoder, prior, writer, letters)
        thread = StoreThread(self.store, progress)
        bells = Bells(lambda: None, lambda: None)
        letters = DeadLetters(GATEKEEPER, config, writer)
        self._gatekeeping = Gatekeeping(config, thread, decoder, letters, bells)
        self._relay = Relay("plangate/gatekeeper", config, writer, progress)
        self.resumers_relay = Relay("plangate-resumer", config, writer, progress, role="resumer")

    def say(self, record: Any, traceparent: str | None = None) -> None:
        """Put a record on its topic, as a stranger does."""
        headers = [("traceparent", traceparent.encode())] if traceparent else None
        self.kafka.log.append(Sent(TOPIC_OF[type(record)].name, key_of(record), encode(record), headers))

    def send(self, record: Any) -> None:
        """As a `KafkaProducer` does in this process."""
        topic = TOPIC_OF[type(record)].name
        span = sending(process_tracer(), topic, of_record(record))
        self.say(record, traceparent_in(span))
        span.end()

    def say_raw(self, topic: str, value: bytes, key: bytes, headers: Any) -> None:
        self.kafka.log.append(Sent(topic, key, value, headers))

    async def flow(self) -> None:
        """Let all that is on topics and in the outbox go as far as it goes."""
        while await self._publish() or self._read < len(self.kafka.log):
            batch = [
                self._received(offset, self.kafka.log[offset])
                for offset in range(self._read, len(self.kafka.log))
            ]
            self._read = len(self.kafka.log)
            for topics, handle in (
                ([PLANS.name], self._routing.handle),
                (list(INPUTS), self._gatekeeping.handle),
            ):
                if mine := [received for received in batch if received.topic in topics]:
                    await handle(mine)
            await asyncio.sleep(0)

    async def _publish(self) -> int:
        with self.store.begin() as conn:
            rows = conn.execute(select(outbox).order_by(outbox.c.id)).all()
        fields = ("event_id", "record", "key", "body", "contract", "traceparent")
        taken = [(row.id, OutboxRow(*(row._mapping[name] for name in fields))) for row in rows]
        published = await self._relay.publish(taken)
        with self.store.begin() as conn:
            conn.execute(delete(outbox).where(outbox.c.id.in_(published)))
        return len(published)

    def _received(self, offset: int, sent: Sent) -> Received:
        message = SimpleNamespace(
            topic=sent.topic,
            value=sent.value,
            key=sent.key,
            headers=sent.headers,
            partition=0,
            offset=offset,
            timestamp_type=0,  # CreateTime: each record counts by its own date
            tp=("", 0),
        )
        event = SimpleNamespace(message=message, ack=lambda: self.acked.append(offset))
        line: deque[Received] = deque()
        received = Received(event, sent.topic, line, Progress())
        line.append(received)
        return received

    def request_of(self, plan_id: UUID) -> Any:
        (only,) = (s.record for s in self.kafka.on("approval-requests") if s.record.plan_id == plan_id)
        return only
