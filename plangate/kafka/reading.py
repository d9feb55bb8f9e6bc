"""Reads a topic as it stands now, from its first record to its last, a part of it, or one record."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from plangate.kafka.roles import READERS
from plangate.settings import Settings

TIMEOUT_S = 15.0
_LOOK_S = 0.1  # a batch that is not full is waited for so long


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of a partition: the first that it has, one within, and the one behind its last record."""

    first: int
    start: int
    end: int


def spans(settings: Settings, topic: str, since: datetime | None) -> dict[int, Span]:
    """What `topic` (its full name) holds, by partition, from its records of `since` on; None: all.

    Raises KafkaException.
    """
    with _reader(settings) as consumer:
        ends = _ends(consumer, topic)
        if since is None:
            return {number: Span(first, first, end) for number, (first, end) in ends.items()}
        at = int(since.timestamp() * 1000)
        wanted = [TopicPartition(topic, number, at) for number in ends]
        found = {
            each.partition: each.offset for each in consumer.offsets_for_times(wanted, timeout=TIMEOUT_S)
        }
    return {
        number: Span(first, found[number] if found[number] >= 0 else end, end)  # below 0: none so new
        for number, (first, end) in ends.items()
    }


def read_spans(settings: Settings, topic: str, wanted: Mapping[int, tuple[int, int]]) -> Iterator[Message]:
    """The records of `topic` (its full name) from an offset on up to another, by partition.

    Raises KafkaException.
    """
    left = {number: end for number, (start, end) in wanted.items() if end > start}
    if not left:
        return
    with _reader(settings) as consumer:
        consumer.assign([TopicPartition(topic, number, wanted[number][0]) for number in left])
        while left:
            for message in consumer.consume(500, timeout=_LOOK_S):
                number, offset = cast(int, message.partition()), cast(int, message.offset())
                end = left.get(number, 0)
                if not _is_end(message) and offset < end:
                    yield message
                if _is_end(message) or offset >= end - 1:
                    left.pop(number, None)


def read_all(settings: Settings, topic: str) -> Iterator[Message]:
    """Every record that is on `topic` (its full name) now, in no order between partitions; commits nothing.

    Raises KafkaException.
    """
    with _reader(settings) as consumer:
        ends = _ends(consumer, topic)
        consumer.assign([TopicPartition(topic, number, start) for number, (start, _) in ends.items()])
        left = {number for number, (start, end) in ends.items() if end > start}
        while left:
            for message in consumer.consume(500, timeout=1.0):
                if _is_end(message):
                    left.discard(cast(int, message.partition()))
                else:
                    yield message


def read_one(settings: Settings, topic: str, partition: int, offset: int) -> Message | None:
    """The record of `topic` (its full name) at that place; None: there is none, or no more.

    Raises KafkaException.
    """
    with _reader(settings) as consumer:
        start, end = _ends(consumer, topic).get(partition, (0, 0))
        if not start <= offset < end:
            return None
        consumer.assign([TopicPartition(topic, partition, offset)])
        while True:
            for message in consumer.consume(1, timeout=1.0):
                # behind an offset that is no record stands the next one
                return None if _is_end(message) or message.offset() != offset else message


@contextmanager
def _reader(settings: Settings) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            **settings.kafka_options,
            "group.id": f"{settings.topic_prefix}{READERS}{uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # Not every offset is a record (a transaction's end is none): the broker says where the end is.
            "enable.partition.eof": True,
            "error_cb": lambda _error: None,
        },
        logger=logging.Logger("kafka-reader", level=logging.CRITICAL + 1),
    )
    try:
        yield consumer
    finally:
        consumer.close()


def _ends(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=TIMEOUT_S)
        for number in partitions
    }


def _is_end(message: Message) -> bool:
    """Whether this says that a partition has no more. Raises KafkaException for another error."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise KafkaException(error)
