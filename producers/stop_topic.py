"""What the topic `stops` says is stopped: read to its end, then followed."""

import logging
from collections import deque
from collections.abc import Collection, Mapping
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from gate_events.codec import SchemaOfId, decode
from gate_events.errors import RegistryUnavailableError, UndecodableError
from gate_events.records import StopChanged
from gate_events.stops import Stop, newer, stop_of
from gate_events.topic_ids import TopicIds
from gate_events.topics import STOPS
from gate_store.database import utc_now
from gate_store.stop_file import UNREADABLE
from producers.client_log import CLIENT_LOG, OUTAGES

_ASK_S = 5.0
_READ_S = 10.0  # how long one look waits for the end of the topic
_AGAIN_S = 10.0  # until a topic that is not there is looked for again
_AT_ONCE = 500
_ABSENT = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
}
_log = logging.getLogger("plangate.stops")


class StopTopic:
    """A reader of the whole topic, in no group: it commits nothing. Safe for several threads.

    `settings` are librdkafka's, `group` is one that this user may read or describe, without the prefix.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        group: str,
        topic_prefix: str = "",
        schema_of: SchemaOfId | None = None,
    ) -> None:
        self.known: dict[UUID, StopChanged] = {}
        self.kept: dict[bytes, StopChanged] = {}
        """What the topic keeps under each key once it is compacted."""
        self.is_absent = False
        """Whether the topic is missing, or not for this user to read."""
        self._topic = topic_prefix + STOPS.name
        self._servers = str(settings.get("bootstrap.servers", "?"))
        own = {"group.id": topic_prefix + group, "enable.auto.commit": False, "enable.partition.eof": True}
        options = {"error_cb": self._note, **settings, **own, "auto.offset.reset": "earliest"}
        self._consumer = Consumer(options, logger=CLIENT_LOG)
        asking: dict[str, Any] = {"error_cb": lambda _error: None, **settings}  # the consumer says it
        admin = AdminClient(asking, logger=CLIENT_LOG)
        named = TopicCollection([self._topic])
        self._ids = TopicIds(lambda: admin.describe_topics(named, request_timeout=_ASK_S))
        self._schema_of = schema_of
        self._behind: set[int] | None = None  # partitions whose end was not reached; None: none are read
        self._unread: deque[Message] = deque()
        self._gone = False  # the client says that partitions which are read are not there any more
        self._look_at = 0.0  # when to look for the topic again
        self._problem = ""  # why it is not read on
        self._lock = Lock()

    @property
    def is_whole(self) -> bool:
        """Whether all was read that the topic had when it was looked for."""
        return self._behind is not None and not self._behind and not self._unread

    def stops(self) -> list[Stop]:
        """What is stopped there. All of it where the topic is there, and was never read to its end."""
        with self._lock:
            self._look()
            found = [stop_of(each) for each in self.known.values() if each.ended_at is None]
            if not (self.is_whole or self.is_absent):
                found.append(self._unknown())
            return found

    def look(self) -> None:
        """Take in what has come. At first it waits for the end of the topic, for some seconds."""
        with self._lock:
            self._look()

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._consumer.close()

    def _look(self) -> None:
        if self._ids.look() and self._behind is not None:
            _log.warning("topic %s was made anew: it is read from its beginning", self._topic)
            self._behind = None
            self._unread.clear()
        if self._behind is None and not self._begin():
            return
        until = monotonic() + _READ_S
        try:
            while self._take() or (self._behind and monotonic() < until):
                pass
            if self._behind:
                self._partitions()  # it may be gone since it was found: the client does not always say so
        except RegistryUnavailableError as error:
            self._tell_unread(str(error))
        else:
            self._tell_unread("")

    def _tell_unread(self, why: str) -> None:
        """Once, and that it is over."""
        if why and not self._problem:
            _log.warning("topic %s cannot be read on: %s", self._topic, why)
        if self._problem and not why:
            _log.warning("topic %s is read on", self._topic)
        self._problem = why

    def _unknown(self) -> Stop:
        note = "what is stopped there is not known yet: Kafka or the schema registry does not answer"
        return Stop(stop_id=UNREADABLE, by=f"topic {self._topic}", note=note, at=utc_now())

    def _begin(self) -> bool:
        """Whether the topic is there to be read from its beginning."""
        if monotonic() < self._look_at:
            return False
        partitions = self._partitions()
        if partitions is None:
            return False
        self._consumer.assign(
            [TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in partitions]
        )
        self._behind, self.kept = set(partitions), {}
        if self.is_absent:
            _log.warning("topic %s is there now: what it says is stopped is held", self._topic)
        self.is_absent = False
        return True

    def _partitions(self) -> Collection[int] | None:
        """Those that the topic has now; None: none, or nobody can tell."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=_ASK_S).topics[self._topic]
        except KafkaException as error:
            self._note(error.args[0])
            return None
        if found.error or not found.partitions:
            self._miss()
            return None
        return list(found.partitions)

    def _miss(self) -> None:
        if not self.is_absent:
            mend = "`plangate topics create` makes it, `plangate topics acls` says who reads it"
            lost = (
                "stops that are said on Kafka are not heard here, those of the host's file and the store are"
            )
            _log.warning("topic %s is missing, or not for this user to read: %s; %s", self._topic, lost, mend)
        self.is_absent, self._behind = True, None
        self._look_at = monotonic() + _AGAIN_S
        self._consumer.unassign()

    def _take(self) -> bool:
        """Whether something came. Raises RegistryUnavailableError."""
        if not self._unread:
            self._unread.extend(self._consumer.consume(_AT_ONCE, timeout=0.1 if self._behind else 0))
        if self._gone:
            self._gone = False
            self._unread.clear()
            self._miss()
        found = bool(self._unread)
        while self._unread:
            self._hear(self._unread[0])
            if self._unread:
                self._unread.popleft()
        return found and self._behind is not None

    def _hear(self, message: Message) -> None:
        error, value, key = message.error(), message.value(), message.key() or b""
        if error is not None:
            self._meet(error, message.partition())
            return
        heard = None if value is None else self._decoded(value)
        self.kept.pop(key, None)  # compaction deletes what stood there
        if heard is not None:
            self.kept[key] = heard
            self.known[heard.stop_id] = newer(self.known.get(heard.stop_id), heard)

    def _decoded(self, value: bytes) -> StopChanged | None:
        """Raises RegistryUnavailableError."""
        try:
            return decode(value, StopChanged, self._schema_of)
        except UndecodableError as undecodable:
            _log.warning("a record of topic %s is passed over: %s", self._topic, undecodable)
            return None

    def _meet(self, error: KafkaError, partition: int | None) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            if self._behind and partition is not None:
                self._behind.discard(partition)
        elif error.code() in _ABSENT:
            self._unread.clear()
            self._miss()
        else:
            self._note(error)

    def _note(self, error: KafkaError) -> None:
        """Some errors of partitions come here alone, while their messages are waited for."""
        if error.code() in _ABSENT:
            self._gone = self._behind is not None
        else:
            OUTAGES.note(error, self._servers)
