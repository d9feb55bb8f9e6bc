"""What is stopped in the store is said on `stops`, and what is said there is taken into the store."""

import asyncio
import logging
from collections.abc import Iterator
from time import monotonic
from uuid import UUID

from confluent_kafka import KafkaError
from sqlalchemy import Engine

from gate_events.errors import UnencodableError
from gate_events.groups import GROUPS
from gate_events.records import StopChanged
from gate_events.shown import shown
from gate_events.topics import key_of
from gate_store.database import utc_now
from gate_store.dialects import store_moment
from gate_store.stops import all_stops, take_stop
from plangate.kafka.roles import Role
from plangate.settings import Settings
from plangate.wiring import open_producer, schema_ids
from producers.delivery import NotDeliveredError
from producers.kafka_producer import KafkaProducer
from producers.stop_topic import StopTopic
from stream_apps.patience import through_outages
from stream_apps.plain_errors import in_thread
from stream_apps.progress import Progress

LOOK_S = 1.0
_AGAIN_S = 30.0  # until what Kafka did not take, or does not keep, is said once more
_TOO_LARGE = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE}
log = logging.getLogger("plangate.stops")


async def share_stops(settings: Settings, store: Engine) -> None:
    """For ever, beside a gatekeeper. A topic that is missing, or not for its user, is said and waited for."""
    sharing = await in_thread(StopSharing.of, settings, store)
    progress = Progress()
    try:
        while True:
            await through_outages("the store", lambda: in_thread(sharing.look), progress)
            await asyncio.sleep(LOOK_S)
    finally:
        await in_thread(sharing.close)


class StopSharing:
    """Brings store and topic to the same stops, over and over: each repeat changes nothing."""

    def __init__(self, store: Engine, topic: StopTopic, producer: KafkaProducer) -> None:
        self._store = store
        self._topic = topic
        self._producer = producer
        self._said: dict[UUID, float] = {}  # event ids, and when
        self._unsayable: set[UUID] = set()  # event ids
        self._refused: dict[UUID, StopChanged] = {}
        self._say_at = 0.0
        self._problem = ""  # why Kafka did not take what was last said

    @classmethod
    def of(cls, settings: Settings, store: Engine) -> "StopSharing":
        """As a gatekeeper does it."""
        ids, group = schema_ids(settings), f"{GROUPS}{Role.GATEKEEPER}"
        topic = StopTopic(
            settings.kafka_options, group, settings.topic_prefix, ids.schema_of if ids else None
        )
        return cls(store, topic, open_producer(settings, "plangate/gatekeeper"))

    def look(self) -> None:
        """Take what was said, then say what is not there. Raises what the store raises."""
        self._topic.look()
        with self._store.begin() as conn:
            stored = all_stops(conn)
        if self._take(stored):
            with self._store.begin() as conn:
                stored = all_stops(conn)
        if self._topic.is_whole and monotonic() >= self._say_at:
            self._say(stored)

    def close(self) -> None:
        """Let the connections go."""
        self._topic.close()
        self._producer.close()

    def _take(self, stored: dict[UUID, StopChanged]) -> bool:
        news = [each for each in self._topic.known.values() if self._is_news(each, stored)]
        for heard in news:
            with self._store.begin() as conn:
                why = take_stop(conn, heard, store_moment(conn, utc_now()))
            if why:
                self._refused[heard.stop_id] = heard
                log.warning("the end of stop %s on topic stops does not count: %s", heard.stop_id, shown(why))
            else:
                log.info("stop %s on topic stops is taken into the store", heard.stop_id)
        return bool(news)

    def _is_news(self, heard: StopChanged, stored: dict[UUID, StopChanged]) -> bool:
        known = stored.get(heard.stop_id)
        if known is None:
            return self._refused.get(heard.stop_id) != heard
        is_end = heard.ended_at is not None and known.ended_at is None
        return is_end and self._refused.get(heard.stop_id) != heard

    def _say(self, stored: dict[UUID, StopChanged]) -> None:
        for each in self._unsaid(stored):
            try:
                self._producer.send(each)
            except UnencodableError as error:
                self._cannot_say(each, str(error))
            except Exception as error:  # the registry's, too: gates are decided without it
                if not _is_too_large(error):
                    self._not_said(shown(str(error)))
                    return
                self._cannot_say(each, str(error))
            else:
                self._problem = ""
                self._said[each.event_id] = monotonic()

    def _cannot_say(self, changed: StopChanged, why: str) -> None:
        """Nor could it be the next time; whoever wrote its row chose its words."""
        self._unsayable.add(changed.event_id)
        log.warning("stop %s cannot be said on its topic: %s", changed.stop_id, shown(why))

    def _not_said(self, problem: str) -> None:
        self._say_at = monotonic() + _AGAIN_S
        if not self._problem:
            log.warning("what is stopped is not on its topic yet: %s", problem)
        self._problem = problem

    def _unsaid(self, stored: dict[UUID, StopChanged]) -> Iterator[StopChanged]:
        """What the topic does not keep; what was just said is on its way back."""
        for each in stored.values():
            there = self._topic.kept.get(key_of(each))
            if there is not None and _says_it(there, each):
                continue
            on_its_way = monotonic() < self._said.get(each.event_id, -_AGAIN_S) + _AGAIN_S
            if not on_its_way and each.event_id not in self._unsayable:
                yield each


def _is_too_large(error: Exception) -> bool:
    return isinstance(error, NotDeliveredError) and error.error.code() in _TOO_LARGE


def _says_it(there: StopChanged, stored: StopChanged) -> bool:
    """An end counts for services without a store whatever the store says: saying more changes nothing."""
    of_the_same = (there.stop_id, there.action_type) == (stored.stop_id, stored.action_type)
    return of_the_same and (there.ended_at is not None or stored.ended_at is None)
