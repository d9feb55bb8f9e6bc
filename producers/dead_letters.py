"""Keeps a record that could not be read or acted upon, with its bytes and its error."""

from typing import cast

from confluent_kafka import Message

from gate_events.headers import dead_letter
from gate_events.ids import derived
from gate_events.records import DeadLetter
from gate_events.shown import shown
from gate_events.topics import DEAD_LETTERS
from gate_store.database import Clock
from producers.kafka_producer import KafkaProducer


def bury(producer: KafkaProducer, app: str, now: Clock, message: Message, error: Exception) -> None:
    """Send a record's own key, value and headers to `dead-letters`, with what DeadLetter says beside them."""
    topic, partition, offset = place_of(message)
    letter = DeadLetter(
        event_id=derived("dead-letter", app, topic, partition, offset),
        app=app,
        topic=topic,
        partition=partition,
        offset=offset,
        error=shown(str(error)),
        failed_at=now(),
    )
    own = cast("list[tuple[str, bytes | None]]", message.headers() or [])  # typed loosely there
    headers = dead_letter(letter, own)
    producer.send_bytes(DEAD_LETTERS.name, message.key(), message.value(), headers)


def place_of(message: Message) -> tuple[str, int, int]:
    """Topic, partition and offset of a received message."""
    return str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)
