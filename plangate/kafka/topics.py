"""The topics on the cluster: make them, check them."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined] # it is public
from confluent_kafka.cimpl import NewTopic

from gate_events.topics import TOPICS, Topic
from plangate.kafka.clients import TIMEOUT_S, KafkaUnreachableError, admin, cluster
from plangate.kafka.roles import READERS
from plangate.settings import Settings

_CREATE_S = 30.0
_AGAIN_S = 0.05
LOG_APPEND_TIME = "LogAppendTime"
_DATED_BY = "message.timestamp.type"
ACLS = "`plangate topics acls` says what each role needs"
MISSING = "is missing; run `plangate topics create`"
_NOT_ALLOWED = KafkaError.TOPIC_AUTHORIZATION_FAILED
HIDDEN = f"may not be seen by this user, or is missing; {ACLS}"


class NoTopicError(LookupError):
    """{bootstrap_servers}: topic {name} {problem}."""

    def __init__(self, name: str, bootstrap_servers: str, problem: str) -> None:
        super().__init__(f"{bootstrap_servers}: topic {name} {problem}")
        self.name = name


class TopicRefusedError(PermissionError):
    """Topic {name} may not be made by this user; do it as one with the rights of the role admin."""

    def __init__(self, name: str) -> None:
        super().__init__(f"topic {name} may not be made by this user; {ACLS}, admin among them")
        self.name = name


@dataclass(frozen=True)
class TopicState:
    """A topic as the cluster has it; `problem` is empty where it is as it should be."""

    name: str
    partitions: int
    replication: int
    problem: str = ""


def describe(settings: Settings, wanted: Iterable[Topic] = TOPICS) -> list[TopicState]:
    """The state of these topics, all that Plangate uses. Raises what `cluster` raises."""
    found = cluster(settings).topics
    names = [settings.topic(topic.name) for topic in wanted]
    hidden = _hidden(settings, [name for name in names if not _partitions(found.get(name))])
    return [_state(name, found.get(name), hidden) for name in names]


def problems(states: Iterable[TopicState]) -> str:
    """What is wrong with topics, in one line; empty where nothing is."""
    found: dict[str, list[str]] = {}
    for state in states:
        if state.problem:
            found.setdefault(state.problem, []).append(state.name)
    return ". ".join(f"{', '.join(names)}: {problem}" for problem, names in found.items())


def require(settings: Settings, topic: Topic) -> None:
    """Return when `topic` can be used. Raises NoTopicError, and what `cluster` raises."""
    name = settings.topic(topic.name)
    (state,) = describe(settings, [topic])
    if state.problem:
        raise NoTopicError(name, settings.bootstrap_servers, state.problem)


def _partitions(metadata: Any) -> Mapping[int, Any]:
    return getattr(metadata, "partitions", {})


def _state(name: str, metadata: Any, hidden: set[str]) -> TopicState:
    if partitions := _partitions(metadata):
        return TopicState(name, len(partitions), len(next(iter(partitions.values())).replicas))
    return TopicState(name, 0, 0, HIDDEN if name in hidden else MISSING)


def _hidden(settings: Settings, names: Sequence[str]) -> set[str]:
    """Those of `names` that this user may not see: Kafka's list of all topics leaves them out in silence."""
    if not names:
        return set()
    # A consumer, because an admin that asks for a topic by name may make it appear.
    options: dict[str, Any] = {**settings.kafka_options, "group.id": READERS, "error_cb": lambda _error: None}
    asking = Consumer(options, logger=logging.Logger("kafka-admin", level=logging.CRITICAL + 1))
    try:
        found = {name: asking.list_topics(name, timeout=TIMEOUT_S).topics[name].error for name in names}
    except KafkaException as error:
        raise KafkaUnreachableError(settings.bootstrap_servers, error.args[0].str()) from error
    finally:
        asking.close()
    return {name for name, error in found.items() if error and error.code() == _NOT_ALLOWED}


def create(settings: Settings) -> list[TopicState]:
    """Create what is missing, and return the state of all.

    Raises TopicRefusedError, KafkaException, and what `cluster` raises.
    """
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
    for name, future in client.create_topics(wanted).items() if wanted else ():
        _await(name, future)
    return _told_by_a_broker(settings, missing)


def _told_by_a_broker(settings: Settings, made: set[str]) -> list[TopicState]:
    """The state of all. The controller answers when it has decided; a broker learns of it a moment later."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        states = describe(settings)
        if not any(state.problem and state.name in made for state in states) or time.monotonic() > deadline:
            return states
        time.sleep(_AGAIN_S)


def dated_by(settings: Settings, topic: Topic) -> str | None:
    """Who dates a topic's records, in Kafka's words; None where the cluster does not tell."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, settings.topic(topic.name))
    client = admin(settings)  # whose answers end with it
    try:
        (asked,) = client.describe_configs([resource], request_timeout=TIMEOUT_S).values()
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


def _await(name: str, future: object) -> None:
    try:
        future.result(_CREATE_S)  # type: ignore[attr-defined] # confluent_kafka types it loosely
    except KafkaException as error:
        if error.args[0].code() == _NOT_ALLOWED:
            raise TopicRefusedError(name) from error
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
