"""Records to and from Kafka, as many as there are, without getting in the way of what is measured."""

import time
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.speed.stage import Stage, TooSlowError
from gate_events.codec import encode
from gate_events.headers import cloud_event
from gate_events.topics import TOPIC_OF, key_of

_SOURCE = "plangate/benchmark"
_PATIENCE_S = 300.0

Message = tuple[str, bytes, bytes, Any]  # topic, key, value, headers


def messages(stage: Stage, records: Iterable[Any]) -> list[Message]:
    """Records as they are sent."""
    return [
        (
            stage.topic(TOPIC_OF[type(record)].name),
            key_of(record),
            encode(record),
            cloud_event(record, _SOURCE),
        )
        for record in records
    ]


def producer(stage: Stage, linger_ms: int = 0) -> Producer:
    """A producer as Plangate's own are."""
    return Producer(
        {
            **stage.stack.settings.kafka_options,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": linger_ms,
        }
    )


def send_all(stage: Stage, batch: Iterable[Message]) -> None:
    """Produce all and wait until the broker has them."""
    sender = producer(stage, linger_ms=5)
    for topic, key, value, headers in batch:
        while True:
            try:
                sender.produce(topic, value, key, headers=headers)
                break
            except BufferError:
                sender.poll(0.1)
        sender.poll(0)
    left = sender.flush(60)
    assert left == 0, f"{left} records were not delivered"


class Watch:
    """Sees what is added to a topic from now on."""

    def __init__(self, stage: Stage, topic: str, *, from_the_start: bool = False) -> None:
        options: dict[str, Any] = {"group.id": "watch", "enable.auto.commit": False, "fetch.wait.max.ms": 20}
        self._consumer = Consumer({**stage.stack.settings.kafka_options, **options})
        name = stage.topic(topic)
        partitions = self._consumer.list_topics(name, timeout=10).topics[name].partitions
        ends = [self._consumer.get_watermark_offsets(TopicPartition(name, n), timeout=10) for n in partitions]
        starts = [low if from_the_start else high for low, high in ends]
        self._consumer.assign([TopicPartition(name, n, at) for n, at in zip(partitions, starts, strict=True)])

    def until_all(self, plans: Collection[UUID], seen: Callable[[Any], None] | None = None) -> float:
        """When the last of these plans was there, on the monotonic clock."""
        left = {str(plan).encode() for plan in plans}
        deadline = time.monotonic() + _PATIENCE_S
        while left:
            for message in self._consumer.consume(500, 0.1):
                assert message.error() is None, message.error()
                left.discard(message.key())
                if seen:
                    seen(message)
            if time.monotonic() > deadline:
                raise TooSlowError(f"{len(left)} plans were not seen within {_PATIENCE_S:.0f} s")
        return time.monotonic()

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


class Count:
    """How many records topics hold, asked again and again at little cost."""

    def __init__(self, stage: Stage, *topics: str) -> None:
        self._consumer = Consumer({**stage.stack.settings.kafka_options, "group.id": "count"})
        known = self._consumer.list_topics(timeout=10).topics
        names = [stage.topic(topic) for topic in topics]
        self._places = [TopicPartition(name, n) for name in names for n in known[name].partitions]

    def now(self) -> int:
        """The sum over all partitions."""
        ends = (self._consumer.get_watermark_offsets(place, timeout=10) for place in self._places)
        return sum(high - low for low, high in ends)


def times_of(stage: Stage, *topics: str) -> list[float]:
    """When each record of these topics was produced, in seconds, by its producer's clock."""
    found: list[float] = []
    for topic in topics:
        watch = Watch(stage, topic, from_the_start=True)
        wanted = len(found) + Count(stage, topic).now()
        while len(found) < wanted:
            found += [message.timestamp()[1] / 1000 for message in watch._consumer.consume(1_000, 0.5)]
        watch.close()
    return sorted(found)
