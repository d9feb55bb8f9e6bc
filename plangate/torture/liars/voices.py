"""How a liar is heard: as the role that may write a topic, in any codec, and in transactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES, PLANS
from plangate.kafka.roles import Role
from plangate.settings import Settings
from plangate.torture.poison import CODECS
from plangate.torture.securing import TRANSACTIONS
from producers.kafka_producer import DEFAULTS

# Whose login is his: that of an agent, a service and a reviewer, and the router's.
STOLEN = {PLANS.name: Role.AGENT, DECISIONS.name: Role.REVIEWER, OUTCOMES.name: Role.SERVICE,
          AUTO_EXECUTE.name: Role.ROUTER, APPROVAL_REQUESTS.name: Role.ROUTER}  # fmt: skip
PLAIN = "none"
_PATIENCE_S = 30.0
_LARGEST = 60_000_000  # bytes; the broker judges
_NOT_HANGING_MS = 10_000  # an open transaction holds up whoever reads committed records


class End(StrEnum):
    """How what was sent came to stand on its topic."""

    ALONE = "alone"  # without a transaction
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(frozen=True)
class Place:
    """Where a record stands."""

    topic: str  # its full name
    partition: int
    offset: int


class Voices:
    """Producers of one who lies, made when they are needed; for one thread.

    `send_bytes` picks the transport by the bytes.
    """

    def __init__(self, name: str, settings: Mapping[Role, Settings], *, transactions: bool) -> None:
        """`transactions`: the broker keeps them, which the mock cluster does not."""
        self.transactions = transactions
        self._name = name
        self._settings = settings
        self._producers: dict[tuple[Role, str], Producer] = {}

    def send_bytes(self, topic: str, key: bytes | None, value: bytes, headers: Any) -> None:
        """Deliver a lie, in one of the codecs or in a transaction. Raises KafkaException."""
        ways = [(codec, End.ALONE) for codec in (PLAIN, *CODECS)]
        ways += [(PLAIN, End.COMMITTED)] * self.transactions
        codec, end = ways[crc32(value) % len(ways)]
        self.say(topic, key, value, headers, codec, end)

    def say(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
        codec: str = PLAIN,
        end: End = End.ALONE,
    ) -> Place:
        """Deliver a record in a batch of its own. Raises KafkaException: nobody knows whether it is there."""
        role = STOLEN[topic]
        which = (role, codec if end is End.ALONE else "transactions")
        name = self._settings[role].topic(topic)
        try:
            producer = self._producers.get(which) or self._made(*which)
            self._producers[which] = producer
            return _sent(producer, name, key, value, list(headers), end)
        except KafkaException:
            self._producers.pop(which, None)  # a new one ends what the old one left open
            raise

    def _made(self, role: Role, codec: str) -> Producer:
        options: Mapping[str, Any] = {
            **DEFAULTS,
            **self._settings[role].kafka_options,
            "message.max.bytes": _LARGEST,
            "error_cb": lambda _error: None,
            "log_level": 2,
        }
        if codec in (PLAIN, *CODECS):
            return Producer({**options, "compression.type": codec})
        own = {
            "transactional.id": f"{TRANSACTIONS}{self._name}-{role}",
            "transaction.timeout.ms": _NOT_HANGING_MS,
            "message.timeout.ms": _NOT_HANGING_MS,  # no more than that
        }
        producer = Producer({**options, **own})
        producer.init_transactions(_PATIENCE_S)
        return producer


def _sent(
    producer: Producer, topic: str, key: bytes | None, value: bytes, headers: list[Any], end: End
) -> Place:
    came: list[tuple[KafkaError | None, Message]] = []
    if end is not End.ALONE:
        producer.begin_transaction()
    producer.produce(topic, value, key, headers=headers, on_delivery=lambda *report: came.append(report))
    producer.flush(_PATIENCE_S)
    if not came or came[0][0]:
        raise KafkaException(came[0][0] if came else KafkaError(KafkaError._TIMED_OUT))
    if end is End.COMMITTED:
        producer.commit_transaction(_PATIENCE_S)
    elif end is End.ABORTED:
        producer.abort_transaction(_PATIENCE_S)
    message = came[0][1]
    return Place(topic, int(message.partition() or 0), int(message.offset() or 0))
