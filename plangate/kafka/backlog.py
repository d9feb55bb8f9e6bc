"""How far a worker's consumer group has read a topic."""

import logging

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gate_events.topics import Topic
from plangate.kafka.roles import GROUPS
from plangate.settings import Settings

_TIMEOUT_S = 3.0  # nothing hangs on it but a word


def backlog(settings: Settings, app: str, topic: Topic) -> int | None:
    """How many records of `topic` the app's group has still to do; None: the cluster does not tell us."""
    name = settings.topic(topic.name)
    options = {
        **settings.kafka_options,
        "group.id": f"{settings.topic_prefix}{GROUPS}{app}",  # it is asked about, and not joined
        "enable.auto.commit": False,
        "error_cb": lambda _error: None,
    }
    try:
        consumer = Consumer(options, logger=logging.Logger("kafka-backlog", level=logging.CRITICAL + 1))
        try:
            partitions = consumer.list_topics(name, timeout=_TIMEOUT_S).topics[name].partitions
            places = [TopicPartition(name, number) for number in partitions]
            ends = [consumer.get_watermark_offsets(place, timeout=_TIMEOUT_S)[1] for place in places]
            done = consumer.committed(places, timeout=_TIMEOUT_S)
        finally:
            consumer.close()
    except KafkaException:
        return None
    if any(each.error for each in done):
        return None
    return sum(end - max(each.offset, 0) for end, each in zip(ends, done, strict=True))
