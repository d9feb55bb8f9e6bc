"""Reads a topic as it stands now, from its first record to its last."""

from collections.abc import Iterator
from typing import cast
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from plangate.settings import Settings

TIMEOUT_S = 15.0


def read_all(settings: Settings, topic: str) -> Iterator[Message]:
    """Every record that is on `topic` (its full name) now, in no order between partitions; commits nothing.

    Raises KafkaException.
    """
    consumer = Consumer(
        {
            **settings.kafka_options,
            "group.id": f"plangate-reader-{uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        ends = _ends(consumer, topic)
        consumer.assign([TopicPartition(topic, number, start) for number, (start, _) in ends.items()])
        left = {number: end for number, (start, end) in ends.items() if end > start}
        while left:
            yield from _some(consumer, left)
    finally:
        consumer.close()


def _ends(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=TIMEOUT_S)
        for number in partitions
    }


def _some(consumer: Consumer, left: dict[int, int]) -> Iterator[Message]:
    for message in consumer.consume(500, timeout=1.0):
        if message.error():
            raise KafkaException(message.error())
        number, offset = cast(int, message.partition()), cast(int, message.offset())  # no error: both are set
        if number in left and offset < left[number]:
            yield message
            if offset + 1 == left[number]:
                del left[number]
