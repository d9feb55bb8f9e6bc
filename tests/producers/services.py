"""Kafka as a service that executes for itself sees it."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from gate_events.codec import decode
from gate_events.records import PlanExecuted
from gate_events.topics import TOPICS
from gate_events.words import OutcomeStatus
from plangate import KafkaProducer
from plangate.dev.apache_kafka import ApacheKafka
from tests.topics import delete, make

PARTITIONS = 2


class Bench:
    """Topics of one test, what is said on them and what was answered."""

    def __init__(self, kafka: ApacheKafka, prefix: str) -> None:
        kafka.create_topics(*(prefix + topic.name for topic in TOPICS), partitions=PARTITIONS)
        self.options: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers}
        self.prefix = prefix

    def say(self, *records: Any) -> None:
        with KafkaProducer(self.options, topic_prefix=self.prefix) as producer:
            producer.send_all(records)

    def say_bytes(self, topic: str, value: bytes) -> None:
        with KafkaProducer(self.options, topic_prefix=self.prefix) as producer:
            producer.send_bytes(topic, b"key", value, [("origin", b"test")])

    def make_anew(self, topic: str) -> None:
        """Delete it, and make it again."""
        delete(self.options, self.prefix + topic)
        self.make_again(topic)

    def make_again(self, topic: str) -> None:
        """Make one that was deleted."""
        make(self.options, self.prefix + topic, partitions=PARTITIONS)

    def read_to_the_end(self, group: str, topic: str) -> None:
        """Let a consumer group have read all of the topic."""
        options = {**self.options, "group.id": self.prefix + group, "enable.auto.commit": False}
        reader = Consumer(options)
        places = [TopicPartition(self.prefix + topic, number) for number in range(PARTITIONS)]
        try:
            ends = [reader.get_watermark_offsets(each, timeout=20)[1] for each in places]
            for place, end in zip(places, ends, strict=True):
                place.offset = end
            reader.commit(offsets=places, asynchronous=False)
        finally:
            reader.close()

    def outcomes(self) -> list[PlanExecuted]:
        return [each for each in self.told() if each.status is not OutcomeStatus.BEGUN]

    def told(self) -> list[PlanExecuted]:
        """Outcomes, and who said that it was at a plan."""
        values = [message.value() for message in self.read("outcomes")]
        return [decode(value, PlanExecuted) for value in values if isinstance(value, bytes)]

    def read(self, topic: str) -> Sequence[Message]:
        """Everything on the topic now."""
        consumer = Consumer({**self.options, "group.id": "reads", "enable.auto.commit": False})
        try:
            found: list[Message] = []
            for number in range(PARTITIONS):
                partition = TopicPartition(self.prefix + topic, number, 0)
                _, end = consumer.get_watermark_offsets(partition, timeout=20)
                consumer.assign([partition])
                found += [self._next(consumer) for _ in range(end)]
            return found
        finally:
            consumer.close()

    @staticmethod
    def _next(consumer: Consumer) -> Message:
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        return message
