"""A confluent producer inside an asyncio process: pipelined, confirmed record by record."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn, cast

from confluent_kafka import KafkaError, KafkaException, Producer

from stream_apps.exits import BROKEN, leave
from stream_apps.metrics import sent
from stream_apps.producer_options import producer_options
from stream_apps.refusals import Refusal, refusal_of
from stream_apps.seldom import Seldom
from stream_apps.unconfirmed import Unconfirmed

_log = logging.getLogger("plangate.producer")
_client_log = logging.getLogger("rdkafka")
_client_log.addFilter(Seldom("rdkafka"))  # what it means for us, unconfirmed.py says

MAX_IN_FLIGHT = 2_000
MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
_AGAIN_S = 1.0
_POLL_S = 0.001
_IDLE_POLL_S = 1.0
# The broker judges a record's size, and we keep what it refuses; librdkafka's own limit of 1 MB would guess.
# Beyond socket.request.max.bytes (100 MB) it would cut the connection, and never say why.
_LARGEST_RECORD = 33_554_432
_REFUSALS = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG}


class Outgoing:
    """A record on its way. Exactly one of the callbacks is called, on the event loop.

    `refused`: the broker will never take this record.
    """

    __slots__ = ("delivered", "headers", "key", "refused", "size", "topic", "value")

    def __init__(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]] | list[tuple[str, bytes]],
        delivered: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
        self.delivered = delivered
        self.refused = refused
        self.size = len(value or b"") + 512


class KafkaWriter:
    """Sends records; keeps trying through outages of any length."""

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        linger_ms: float = 0.0,
        before_end: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_end` is called where the producer ends the process."""
        self._producer = Producer(
            {
                "linger.ms": linger_ms,
                "message.max.bytes": _LARGEST_RECORD,
                "message.timeout.ms": 0,  # no end: what was read stays unacked meanwhile
                "error_cb": self._note,
                **producer_options(options),
                "enable.idempotence": True,
                "partitioner": "murmur2_random",  # as aiokafka and the Java client do
            },
            logger=_client_log,
        )
        self._before_end = before_end
        self._refusal: Refusal | None = None  # why no broker lets us in
        self._loop = asyncio.get_running_loop()
        self._unconfirmed = Unconfirmed()
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._timer = self._loop.call_soon(self._poll)

    @property
    def in_flight(self) -> int:
        """Records sent and not yet confirmed."""
        return len(self._unconfirmed)

    @property
    def waits(self) -> bool:
        """Whether Kafka does not take what it is sent."""
        return self._unconfirmed.lasts

    def answers(self, timeout_s: float) -> bool:
        """Whether the broker answers; blocks up to `timeout_s`."""
        try:
            self._producer.list_topics(timeout=timeout_s)
        except KafkaException:
            return False
        return True

    async def room(self) -> None:
        """Wait until another record may be sent."""
        await self._room.wait()

    def send(self, record: Outgoing) -> None:
        """Send a record; never blocks and never raises."""
        self._unconfirmed.sent(record)
        self._bytes += record.size
        if self.in_flight >= MAX_IN_FLIGHT or self._bytes >= MAX_BYTES_IN_FLIGHT:
            self._room.clear()
        self._produce(record)
        if self.in_flight == 1:  # nothing was on its way: look sooner than planned
            self._timer.cancel()
            self._timer = self._loop.call_later(_POLL_S, self._poll)

    async def close(self) -> None:
        """Wait for what is in flight (5 s at most: unconfirmed records were not acked either)."""
        end = self._loop.time() + 5.0
        while self.in_flight and self._loop.time() < end:  # noqa: ASYNC110 - `_poll` polls the client meanwhile
            await asyncio.sleep(_POLL_S)
        self._timer.cancel()

    def _produce(self, record: Outgoing) -> None:
        try:
            self._producer.produce(
                record.topic,
                record.value,
                record.key,
                on_delivery=partial(self._on_delivery, record),
                headers=cast(Any, record.headers),
            )
        except BufferError:
            self._loop.call_later(0.05, self._produce, record)
        except KafkaException as error:
            self._settle(record, error.args[0])

    def _poll(self) -> None:
        """Serve the confirmations that have come.

        On the loop, not in a thread: `produce` gives the interpreter away each time, and a polling thread
        would take it. Idle, the client still wants a look now and then, for its tokens and its log.
        """
        try:
            self._producer.poll(0)
        except KafkaException as error:  # the client's way to say that it is over
            self._end(error.args[0])
        self._unconfirmed.look()
        self._timer = self._loop.call_later(_POLL_S if self.in_flight else _IDLE_POLL_S, self._poll)

    def _note(self, error: KafkaError) -> None:
        """Say once why a broker does not let us in; it may be mended there."""
        refusal = refusal_of(error)
        if refusal and refusal != self._refusal:
            _log.warning("%s; tried on", refusal)
            self._refusal = refusal

    def _on_delivery(self, record: Outgoing, error: KafkaError | None, _message: object) -> None:
        self._settle(record, error)

    def _settle(self, record: Outgoing, error: KafkaError | None) -> None:
        if error is not None and error.code() not in _REFUSALS:
            self._try_again(record, error)
            return
        self._unconfirmed.settled(record)
        self._bytes -= record.size
        if self.in_flight < MAX_IN_FLIGHT and self._bytes < MAX_BYTES_IN_FLIGHT:
            self._room.set()
        if error is None:
            self._refusal = None
            sent(record.topic)
            record.delivered()
        else:
            record.refused(f"{record.topic} refused it: {error.str()}")

    def _end(self, error: KafkaError) -> NoReturn:
        self._before_end()
        leave(BROKEN, f"the producer cannot go on: {error.str()}{_mend(error)}")

    def _try_again(self, record: Outgoing, error: KafkaError) -> None:
        if error.fatal():
            self._end(error)
        self._unconfirmed.refused(record, error.str())
        self._loop.call_later(_AGAIN_S, self._produce, record)


def _mend(error: KafkaError) -> str:
    if error.code() != KafkaError.CLUSTER_AUTHORIZATION_FAILED:
        return ""
    return "; this user may write no topic at all: `plangate topics acls` says what each role needs"
