"""Consumer groups: who is in one, what it has read, and how it is made to read again."""

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from plangate.kafka.clients import TIMEOUT_S, admin
from plangate.settings import Settings

Offsets = Mapping[tuple[str, int], int]
"""By full name of the topic, and partition."""

_ANSWER_S = 30.0
_LOOK_S = 0.5
_NOT_THERE = {KafkaError.GROUP_ID_NOT_FOUND, KafkaError.COORDINATOR_NOT_AVAILABLE}


class GroupInUseError(RuntimeError):
    """Consumer group {group} has members ({names}); stop the workers first."""

    def __init__(self, group: str, names: list[str]) -> None:
        who = ", ".join(sorted(set(names)))
        super().__init__(f"consumer group {group} has members ({who}); stop the workers first")


def require_empty(settings: Settings, group: str, patience_s: float) -> None:
    """Return when nobody is in the group. Raises GroupInUseError after `patience_s`, KafkaException.

    A worker that ended stays a member until its session is over: it may come back under its name.
    """
    until = time.monotonic() + patience_s
    while names := _members(settings, group):
        if time.monotonic() > until:
            raise GroupInUseError(group, names)
        time.sleep(_LOOK_S)


def committed(settings: Settings, group: str) -> dict[tuple[str, int], int]:
    """The offsets from which the group would read on, where it has read. Raises KafkaException."""
    client = admin(settings)  # whose answers end with it
    asked: Any = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    found = asked[group].result(_ANSWER_S).topic_partitions or []
    return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}


def read_again(settings: Settings, group: str, offsets: Offsets) -> None:
    """Let the group, in which nobody is, read from these offsets. Raises KafkaException."""
    if not offsets:
        return
    wanted = [TopicPartition(topic, number, offset) for (topic, number), offset in offsets.items()]
    client = admin(settings)
    asked: Any = client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])
    for each in asked[group].result(_ANSWER_S).topic_partitions:
        if each.error:
            raise KafkaException(each.error)


def _members(settings: Settings, group: str) -> list[str]:
    client = admin(settings)
    asked: Any = client.describe_consumer_groups([group], request_timeout=TIMEOUT_S)
    try:
        described = asked[group].result(_ANSWER_S)
    except KafkaException as error:
        if error.args[0].code() in _NOT_THERE:
            return []
        raise
    return [each.group_instance_id or each.client_id or each.member_id for each in described.members]
