"""What stands on the topics and was not read by router and gatekeeper yet."""

from collections.abc import Mapping
from concurrent.futures import Future

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from gate_events.groups import GROUPS
from plangate.kafka.clients import admin
from plangate.kafka.roles import PARTS, Role
from plangate.settings import Settings

_WAIT_S = 10.0

Heard = Mapping[tuple[str, int], int]
"""The last record's offset of each partition, by the topic's full name."""


class Unread:
    """Asks the broker how far both have come."""

    def __init__(self, settings: Settings, heard: Heard) -> None:
        self._settings = settings
        self._heard = heard
        self._client: AdminClient = admin(settings)

    def count(self) -> int:
        """So many offsets lie before the last records that were heard; one where the broker does not say."""
        try:
            return sum(self._of(role) for role in (Role.ROUTER, Role.GATEKEEPER))
        except KafkaException:
            return 1

    def _of(self, role: Role) -> int:
        names = {self._settings.topic(topic.name) for topic in PARTS[role].reads}
        last = {place: offset for place, offset in list(self._heard.items()) if place[0] in names}
        if not last:
            return 0
        group = f"{self._settings.topic_prefix}{GROUPS}{role}"
        places = [TopicPartition(topic, partition) for topic, partition in last]
        asked: Mapping[str, Future[ConsumerGroupTopicPartitions]] = self._client.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, places)]
        )
        (found,) = (future.result(_WAIT_S) for future in asked.values())
        return sum(
            max(last[each.topic, each.partition] + 1 - max(each.offset, 0), 0)
            for each in found.topic_partitions or []
        )
