"""How a command writes to Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager

from gate_events.topics import Topic
from plangate.kafka import topics
from plangate.settings import Settings
from plangate.wiring import open_producer
from producers.kafka_producer import KafkaProducer


@contextmanager
def speaker(settings: Settings, topic: Topic) -> Iterator[KafkaProducer]:
    """A producer for `topic`. Looks first: a producer waits half a minute for a broker or a topic.

    Raises NoTopicError, and why no broker answers.
    """
    topics.require(settings, topic)
    with open_producer(settings, "plangate-cli") as producer:
        yield producer
