"""The topics on the cluster: make them, check them."""

import logging
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined] # it is public
from confluent_kafka.cimpl import NewTopic

from gate_events.topics import TOPICS, Topic
from plangate.settings import Settings

TIMEOUT_S = 5.0  # a broker that is there answers in a fraction of it
_CREATE_S = 30.0
LOG_APPEND_TIME = "LogAppendTime"
_DATED_BY = "message.timestamp.type"


class KafkaUnreachableError(ConnectionError):
    """No Kafka at {bootstrap_servers}; start one (`plangate dev`) or set PLANGATE_KAFKA_BOOTSTRAP_SERVERS."""

    def __init__(self, bootstrap_servers: str, problem: str = "") -> None:
        detail = f" ({problem})" if problem else ""
        super().__init__(
            f"no Kafka at {bootstrap_servers}{detail}; start one (`plangate dev`) "
            "or set PLANGATE_KAFKA_BOOTSTRAP_SERVERS"
        )


class NoTopicError(LookupError):
    """Topic {name} is missing on {bootstrap_servers}; run `plangate topics create`."""

    def __init__(self, name: str, bootstrap_servers: str) -> None:
        super().__init__(f"topic {name} is missing on {bootstrap_servers}; run `plangate topics create`")
        self.name = name


@dataclass(frozen=True)
class TopicState:
    """A topic as the cluster has it; `problem` is empty where it is as it should be."""

    name: str
    partitions: int
    replication: int
    problem: str = ""


def admin(settings: Settings) -> AdminClient:
    """An admin client that says nothing on its own."""
    options: dict[str, Any] = {**settings.kafka_options, "error_cb": lambda _error: None}
    return AdminClient(options, logger=logging.Logger("kafka-admin", level=logging.CRITICAL + 1))


def describe(settings: Settings) -> list[TopicState]:
    """The state of every topic that Plangate uses. Raises KafkaUnreachableError."""
    try:
        found = admin(settings).list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise KafkaUnreachableError(settings.bootstrap_servers, error.args[0].str()) from error
    return [_state(settings.topic(topic.name), found) for topic in TOPICS]


def require(settings: Settings, topic: Topic) -> None:
    """Return when `topic` can be used. Raises KafkaUnreachableError, NoTopicError."""
    name = settings.topic(topic.name)
    if any(state.name == name and state.problem for state in describe(settings)):
        raise NoTopicError(name, settings.bootstrap_servers)


def _state(name: str, found: Mapping[str, Any]) -> TopicState:
    metadata = found.get(name)
    partitions = getattr(metadata, "partitions", {})
    if not partitions:
        return TopicState(name, 0, 0, "is missing; run `plangate topics create`")
    return TopicState(name, len(partitions), len(next(iter(partitions.values())).replicas))


def create(settings: Settings) -> list[TopicState]:
    """Create what is missing, and return the state of all. Raises KafkaUnreachableError, KafkaException."""
    missing = {state.name for state in describe(settings) if state.problem}
    client = admin(settings)
    brokers = len(client.list_topics(timeout=TIMEOUT_S).brokers)
    replication = settings.replication_factor or min(3, brokers)
    wanted = [
        NewTopic(
            settings.topic(topic.name),
            num_partitions=settings.partitions,
            replication_factor=replication,
            config=topic_config(topic, replication),
        )
        for topic in TOPICS
        if settings.topic(topic.name) in missing
    ]
    for future in client.create_topics(wanted).values() if wanted else ():
        _await(future)
    return describe(settings)


def dated_by(settings: Settings, topic: Topic) -> str | None:
    """Who dates a topic's records, in Kafka's words; None where the cluster does not tell."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, settings.topic(topic.name))
    try:
        (asked,) = admin(settings).describe_configs([resource], request_timeout=TIMEOUT_S).values()
        entry = asked.result(_CREATE_S).get(_DATED_BY)
    except (KafkaException, FutureTimeoutError):  # the mock cluster knows no such question
        return None
    return None if entry is None else str(entry.value)


def delete(settings: Settings) -> None:
    """Delete all topics of `topic_prefix`, which must not be empty. Kafka forgets their consumer groups.

    Raises KafkaException.
    """
    if not settings.topic_prefix:
        raise ValueError("topic_prefix is empty; set one, for no topic without a prefix is ever deleted")
    client = admin(settings)
    there = client.list_topics(timeout=TIMEOUT_S).topics
    ours = [name for name in (settings.topic(topic.name) for topic in TOPICS) if name in there]
    for future in client.delete_topics(ours).values() if ours else ():
        future.result(_CREATE_S)


def topic_config(topic: Topic, replication: int) -> dict[str, str]:
    """Nothing expires: the topics are the record. `autonomy` keeps the newest per key.

    The broker dates the records, since deadlines and use-bys go by the moment of a decision.
    """
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": "-1",
        _DATED_BY: LOG_APPEND_TIME,
        "min.insync.replicas": "2" if replication >= 3 else "1",
    }


def _await(future: object) -> None:
    try:
        future.result(_CREATE_S)  # type: ignore[attr-defined] # confluent_kafka types it loosely
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
