"""How far the gatekeeper has read: a clearance that it has passed and the store does not hold was refused."""

import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from time import monotonic
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from gate_events.groups import GATEKEEPERS
from producers.client_log import CLIENT_LOG
from producers.offsets import Partition

Asked = Mapping[str, "Future[ConsumerGroupTopicPartitions]"]  # by group; there is one
Ask = Callable[[Collection[Partition]], Asked]
Place = tuple[str, int, int]
"""Topic, partition and offset."""

_ASK_S = 5.0
_EVERY_S = 1.0  # the gatekeeper commits once a second
_REFUSED_FOR_S = 60.0  # until a right that is missing is looked for again
_ANEW_FOR_S = 60.0
"""How long commits on a topic that was made anew tell nothing.

A gatekeeper that read the old one may commit an offset of it until it notices, ten seconds later.
"""
_NOT_FOR_US = {
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError._UNSUPPORTED_FEATURE,
}

_log = logging.getLogger("plangate.verdicts")


class GatekeeperOffsets:
    """What the gatekeeper's consumer group has committed, asked only once something waits for it.

    Never waits for a broker: an answer counts from the next look on. Not thread-safe. `now` counts seconds.
    """

    def __init__(self, ask: Ask, now: Callable[[], float] = monotonic) -> None:
        """`ask` asks a broker for the group's commits on some partitions, and does not wait."""
        self._ask = ask
        self._now = now
        self._wanted: set[Partition] = set()
        self._asked: Asked = {}
        self._ask_at = 0.0
        self._committed: dict[Partition, int] = {}
        self._is_refused = False
        self._is_refusal_told = False
        self._anew: dict[str, float] = {}  # topics that were made anew, and until when commits tell nothing

    def has_passed(self, place: Place) -> bool | None:
        """Whether the gatekeeper has read this record and those before it, as far as is known.

        None: this user may not see that.
        """
        topic, partition, offset = place
        self._wanted.add((topic, partition))
        self._look()
        if self._is_refused:
            return None
        return self._committed.get((topic, partition), -1) > offset

    def made_anew(self, topics: Collection[str]) -> None:
        """These topics were deleted and made again: what was committed is no offset of theirs."""
        self._asked, self._ask_at = {}, self._now()
        self._committed = {key: at for key, at in self._committed.items() if key[0] not in topics}
        self._anew.update(dict.fromkeys(topics, self._now() + _ANEW_FOR_S))

    def _look(self) -> None:
        now = self._now()
        if not self._asked and now >= self._ask_at:
            self._asked = self._ask(self._wanted)
        if not self._asked or not all(answer.done() for answer in self._asked.values()):
            return
        (answer,), self._asked = self._asked.values(), {}
        self._ask_at = now + _EVERY_S
        try:
            self._note(answer.result())
            self._is_refused = False
        except KafkaException as error:  # otherwise it is silent, or has no such group yet: it is asked again
            self._is_refused = error.args[0].code() in _NOT_FOR_US
        if self._is_refused:
            self._ask_at = now + _REFUSED_FOR_S
            self._tell_refusal()

    def _note(self, answer: ConsumerGroupTopicPartitions) -> None:
        for each in answer.topic_partitions or []:
            if each.error:
                raise KafkaException(each.error)
            if self._now() >= self._anew.get(each.topic, 0.0):
                self._committed[each.topic, each.partition] = each.offset  # negative: nothing was committed

    def _tell_refusal(self) -> None:
        if not self._is_refusal_told:
            _log.warning(
                "Kafka does not show this user how far the gatekeeper has read: what it does not note within "
                "a minute becomes a dead letter, also while it does not run; "
                "allow Describe on its group: `plangate topics acls` says what each role needs"
            )
        self._is_refusal_told = True


def gatekeeper_offsets(settings: Mapping[str, Any], topic_prefix: str) -> GatekeeperOffsets:
    """Those of the gatekeeper of this prefix; a client is made when something is asked."""
    clients: list[AdminClient] = []

    def ask(partitions: Collection[Partition]) -> Asked:
        if not clients:
            options: dict[str, Any] = {"error_cb": lambda _error: None, **settings}
            clients.append(AdminClient(options, logger=CLIENT_LOG))
        places = [TopicPartition(*partition) for partition in sorted(partitions)]
        of = ConsumerGroupTopicPartitions(topic_prefix + GATEKEEPERS, places)
        return dict(clients[0].list_consumer_group_offsets([of], request_timeout=_ASK_S))

    return GatekeeperOffsets(ask)
