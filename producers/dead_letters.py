"""Keeps a record that could not be read or acted upon, with its bytes and its error."""

from typing import cast

from confluent_kafka import KafkaError, Message

from gate_events.headers import cut_letter, dead_letter
from gate_events.ids import derived
from gate_events.records import DeadLetter
from gate_events.shown import shown
from gate_events.sizes import cut
from gate_events.topics import DEAD_LETTERS
from gate_store.database import Clock
from producers.delivery import NotDeliveredError
from producers.kafka_producer import KafkaProducer

_TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE)


def bury(producer: KafkaProducer, app: str, now: Clock, message: Message, error: Exception) -> None:
    """Send a record's own key, value and headers to `dead-letters`, with what DeadLetter says beside them.

    Of a record that is too large for that topic, the beginning: its batch was compressed. The whole stands on
    its own topic.
    """
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
    key, value = message.key(), message.value()
    own = cast("list[tuple[str, bytes | None]]", message.headers() or [])  # typed loosely there
    try:
        producer.send_bytes(DEAD_LETTERS.name, key, value, dead_letter(letter, own))
    except NotDeliveredError as refused:
        if refused.error.code() not in _TOO_LARGE:
            raise
        kept = cut(key, value, own)
        headers = cut_letter(letter, kept)
        producer.send_bytes(DEAD_LETTERS.name, kept.key, kept.value, headers)


def place_of(message: Message) -> tuple[str, int, int]:
    """Topic, partition and offset of a received message."""
    return str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)
