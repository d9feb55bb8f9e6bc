"""Keeps a record that could not be read, with its bytes and its error."""

from typing import Any

from confluent_kafka import Message

from gate_events.errors import UndecodableError
from gate_events.ids import derived
from gate_events.topics import DEAD_LETTERS
from gate_store.database import Clock
from producers.kafka_producer import KafkaProducer

_MARK = "plangate_"
_LONGEST_ERROR = 2_000


def bury(producer: KafkaProducer, app: str, now: Clock, message: Message, error: UndecodableError) -> None:
    """Send a record's own key, value and headers to `dead-letters`, with what DeadLetter says beside them."""
    fields: dict[str, Any] = {
        "event_id": derived("dead-letter", app, message.topic(), message.partition(), message.offset()),
        "app": app,
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "error": str(error)[:_LONGEST_ERROR],
        "failed_at": now().isoformat(),
    }
    headers = [pair for pair in message.headers() or [] if not pair[0].startswith(_MARK)]
    headers += [(_MARK + name, str(value).encode("utf-8", "replace")) for name, value in fields.items()]
    producer.send_bytes(DEAD_LETTERS.name, message.key(), message.value(), headers)
