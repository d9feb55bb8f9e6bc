"""How far a worker's consumer group has read its topics."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, TopicPartition

from gate_events.groups import GROUPS
from gate_events.topics import Topic
from plangate.settings import Settings

_TIMEOUT_S = 3.0  # nothing hangs on it but a word
_Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(frozen=True)
class Lag:
    """Records that a group has still to do, the oldest of that moment."""

    count: int = 0
    since: datetime | None = None


def backlog(settings: Settings, app: str, topic: Topic) -> int | None:
    """How many records of `topic` the app's group has still to do; None: the cluster does not tell us."""
    try:
        return lag_of(settings, app, [topic]).count
    except KafkaException:
        return None


def lag_of(settings: Settings, app: str, topics: Iterable[Topic]) -> Lag:
    """What the app's group has still to do of these topics. Raises KafkaException."""
    with _asking(settings, app) as consumer:
        behind = _behind(consumer, settings, topics)
        dates = _dates(consumer, list(behind))
    return Lag(sum(behind[place] for place in dates), min(dates.values(), default=None))


def lag_by_topic(settings: Settings, app: str, topics: Iterable[Topic]) -> dict[str, int]:
    """Offsets that the app's group has still to do, by the full name of the topic. Raises KafkaException."""
    topics = list(topics)
    with _asking(settings, app) as consumer:
        behind = _behind(consumer, settings, topics)
    lags = {settings.topic(topic.name): 0 for topic in topics}
    for (topic_name, _, _), count in behind.items():
        lags[topic_name] += count
    return lags


def _behind(consumer: Consumer, settings: Settings, topics: Iterable[Topic]) -> dict[_Place, int]:
    """How many offsets follow the place where the group goes on, where there are any."""
    names = [settings.topic(topic.name) for topic in topics]
    found = consumer.list_topics(timeout=_TIMEOUT_S).topics
    if missing := [name for name in names if name not in found]:  # or nobody may Describe it
        raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"no topic {missing[0]}"))
    places = [TopicPartition(name, number) for name in names for number in found[name].partitions]
    behind: dict[_Place, int] = {}
    for place in consumer.committed(places, timeout=_TIMEOUT_S):
        start, count = _left(consumer, place)
        if count:
            behind[place.topic, place.partition, start] = count
    return behind


def _left(consumer: Consumer, committed: TopicPartition) -> tuple[int, int]:
    """Where a group goes on, and how many offsets follow. Raises KafkaException."""
    if committed.error:
        raise KafkaException(committed.error)
    first, end = consumer.get_watermark_offsets(committed, timeout=_TIMEOUT_S)
    start = max(committed.offset, first)  # it is negative where nothing was committed yet
    return start, end - start


def _dates(consumer: Consumer, places: Sequence[_Place]) -> dict[_Place, datetime]:
    """When the first record at or behind each place was written; without those that have none.

    Not every offset is a record: a transaction's end is none.
    """
    consumer.assign([TopicPartition(*place) for place in places])
    open_ = {place[:2]: place for place in places}
    dates: dict[_Place, datetime] = {}
    until = time.monotonic() + _TIMEOUT_S
    while open_ and time.monotonic() < until:
        for message in consumer.consume(100, timeout=0.2):
            error = message.error()
            if error and error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            place = open_.pop((message.topic() or "", message.partition() or 0), None)
            if place and not error:
                kind, at = message.timestamp()
                known = kind != TIMESTAMP_NOT_AVAILABLE
                dates[place] = datetime.fromtimestamp(at / 1000, UTC) if known else datetime.now(UTC)
    return dates


@contextmanager
def _asking(settings: Settings, app: str) -> Iterator[Consumer]:
    """A client that asks about a group, and neither joins it nor commits anything."""
    options: dict[str, Any] = {
        **settings.kafka_options,
        "group.id": f"{settings.topic_prefix}{GROUPS}{app}",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "queued.min.messages": 1,
        "error_cb": lambda _error: None,
    }
    consumer = Consumer(options, logger=logging.Logger("kafka-backlog", level=logging.CRITICAL + 1))
    try:
        yield consumer
    finally:
        consumer.close()
