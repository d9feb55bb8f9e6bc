"""Records to Kafka: idempotent, delivery awaited, from one thread, many, or asyncio."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from opentelemetry.trace import Span

from gate_events.codec import encode
from gate_events.headers import cloud_event
from gate_events.topics import TOPIC_OF, key_of
from gate_events.tracing import fail, of_record, process_tracer, sending, traceparent_in
from producers.checked import checked
from producers.client_log import CLIENT_LOG, OUTAGES
from producers.delivery import NotDeliveredError, is_refusal

SchemaIdOf = Callable[[type[Any], str], int]

DEFAULTS: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": "murmur2_random",  # Kafka's own: a plan lies on one partition whoever writes it
    "linger.ms": 0,  # every caller waits for its delivery report
    "message.timeout.ms": 30_000,
}

_log = logging.getLogger("plangate.kafka")


class KafkaProducer:
    """Sends records and waits until every in-sync replica has them; each carries the current trace on.

    `settings` are librdkafka's and win over `DEFAULTS`. `source` is the CloudEvents source. With
    `schema_id_of(record type, topic)` records are written in Confluent's framing, else single-object.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        source: str = "plangate",
        topic_prefix: str = "",
        schema_id_of: SchemaIdOf | None = None,
    ) -> None:
        self._servers = str(settings.get("bootstrap.servers", "?"))
        self._producer = Producer({**DEFAULTS, "error_cb": self._note, **settings}, logger=CLIENT_LOG)
        self._source = source
        self._prefix = topic_prefix
        self._schema_id_of = schema_id_of
        self._closed = Event()
        self._fatal: KafkaError | None = None  # why this producer is over
        self._refusal: KafkaError | None = None  # why no broker lets us in; forgotten with the next delivery
        self._lock = Lock()
        self._poller: Thread | None = None

    def __repr__(self) -> str:
        return f"KafkaProducer({self._servers})"

    def send(self, record: Any) -> None:
        """Return when the record is delivered. Raises UnencodableError, NotDeliveredError."""
        self._start(record).result()

    def send_all(self, records: Iterable[Any]) -> None:
        """Deliver many records at once, in order for each plan. Raises what `send` raises, for the first."""
        for future in [self._start(record) for record in records]:
            future.result()

    async def asend(self, record: Any) -> None:
        """`send` for asyncio."""
        # In a thread: the registry may be asked, the queue may be full.
        await asyncio.wrap_future(await asyncio.to_thread(self._start, record))

    def send_bytes(self, topic: str, key: bytes | None, value: bytes | None, headers: Any) -> None:
        """Deliver bytes as they are; `topic` is named without its prefix. Raises NotDeliveredError."""
        what = f"a record of {len(value or b'')} bytes"
        self._send(self._prefix + topic, key, value, headers, what).result()

    def close(self) -> None:
        """Wait for what is under way and end the poller."""
        self._serving(self._producer.flush)
        self._closed.set()
        if self._poller:
            self._poller.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, record: Any) -> "Future[None]":
        topic = self._prefix + TOPIC_OF[type(record)].name
        record = checked(record)
        schema_id = self._schema_id_of(type(record), topic) if self._schema_id_of else None
        data = encode(record, schema_id)
        span = sending(process_tracer(), topic, of_record(record))
        headers = cloud_event(record, self._source, traceparent=traceparent_in(span))
        what = f"{type(record).__name__} {record.event_id}"
        try:
            future = self._send(topic, key_of(record), data, headers, what)
        except Exception as error:
            _end(span, error)
            raise
        future.add_done_callback(lambda sent: _end(span, sent.exception()))
        return future

    def _send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any, what: str
    ) -> "Future[None]":
        future: Future[None] = Future()

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                self._refusal = None
                future.set_result(None)
            else:
                future.set_exception(NotDeliveredError(what, topic, self._cause(error)))

        self._keep_polling()
        try:
            self._queue(topic, value, key, headers=headers, on_delivery=delivered)
        except KafkaException as error:
            raise NotDeliveredError(what, topic, self._fatal or error.args[0]) from error
        return future

    def _cause(self, error: KafkaError) -> KafkaError:
        timed_out = error.code() == KafkaError._MSG_TIMED_OUT
        return self._fatal or (self._refusal if timed_out else None) or error

    def _note(self, error: KafkaError) -> None:
        OUTAGES.note(error, self._servers)
        if is_refusal(error):
            self._refusal = error

    def _queue(self, *message: Any, **more: Any) -> None:
        while True:
            try:
                self._producer.produce(*message, **more)
            except BufferError:  # the local queue is full: deliveries make room
                self._serving(self._producer.poll, 0.1)
            else:
                return

    def _keep_polling(self) -> None:
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError(f"{self!r} is closed; make a new one")
            if self._poller is None:
                self._poller = Thread(target=self._poll, name="plangate-producer", daemon=True)
                self._poller.start()

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._serving(self._producer.poll, 0.25)  # wakes at each delivery report

    def _serving(self, wait: Callable[..., object], *seconds: float) -> None:
        """Serve delivery reports. The client raises here what ends it; it then reports what it gives up."""
        try:
            wait(*seconds)
        except KafkaException as error:
            self._fatal = error.args[0]


def _end(span: Span, error: BaseException | None) -> None:
    if error is not None:
        fail(span, type(error).__name__)
    span.end()
