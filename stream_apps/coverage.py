"""Sees to it that a group reads all partitions: those of a topic that was deleted and made anew, too.

Only who shared out a group's partitions watches for new ones; a member that restarts under its old name is
given its old share without anybody sharing out anew, and then nobody watches.
"""

import logging
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from stream_apps.config import AppsConfig
from stream_apps.consume import Intake
from stream_apps.plain_errors import in_thread

_log = logging.getLogger("plangate.watchdog")
_ASK_S = 10.0

Partitions = frozenset[tuple[str, int]]


class Coverage:
    """What nobody in the group reads; found twice in a row, the group shares out its partitions again."""

    def __init__(self, intake: Intake, config: AppsConfig) -> None:
        self._intake = intake
        self._group = str(intake.app.conf.id)
        options: dict[str, Any] = {**config.kafka, "error_cb": lambda _error: None}
        self._admin = AdminClient(options, logger=logging.Logger("coverage", logging.CRITICAL + 1))
        self._unread: Partitions = frozenset()

    async def look(self) -> None:
        """To be called now and then; an outage is no reason for anything."""
        try:
            unread = await in_thread(self._find_unread)
        except (KafkaException, FutureTimeoutError) as error:
            _log.info("whether all partitions are read cannot be seen: %s", error)
            return
        if again := sorted(unread & self._unread):
            _log.warning(
                "nobody in group %s reads %s; its partitions are shared out again", self._group, again
            )
            consumer: Any = self._intake.app.consumer  # an EagerConsumer
            consumer.share_out_again()
        self._unread = unread

    def _find_unread(self) -> Partitions:
        group = self._admin.describe_consumer_groups([self._group], request_timeout=_ASK_S)[self._group]
        told = group.result(_ASK_S)
        if told.state is not ConsumerGroupState.STABLE:
            return frozenset()  # it is sharing out just now
        known = self._admin.list_topics(timeout=_ASK_S).topics
        there = {
            (topic, each)
            for topic in self._intake.topics
            if topic in known
            for each in known[topic].partitions
        }
        held = {(tp.topic, tp.partition) for each in told.members for tp in each.assignment.topic_partitions}
        return frozenset(there - held)
