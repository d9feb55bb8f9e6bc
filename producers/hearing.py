"""Reads what the gate says about plans, one word at a time, and remembers how far it came."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from gate_events.codec import SchemaOfId, decode
from gate_events.digest import plan_digest
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.topic_ids import TopicIds
from gate_events.topics import AUTO_EXECUTE, VERDICTS, Topic
from producers.acting import Word
from producers.client_log import CLIENT_LOG, OUTAGES
from producers.dead_letters import place_of
from producers.delivery import is_refusal
from producers.offsets import Offsets, Partition

DEFAULTS: dict[str, Any] = {"auto.offset.reset": "earliest"}
# Ours to decide: a word counts as read only once its outcome is delivered.
FIXED: dict[str, Any] = {
    "enable.auto.offset.store": False,
    "enable.auto.commit": True,
    "enable.partition.eof": True,
}

_log = logging.getLogger("plangate.verdicts")
_ASK_S = 5.0
_UNREAD = "what was made anew is not read yet"
_RIGHTS = "let this user read both topics and its group: `plangate topics acls` says what each role needs"
_POLLED_WITHIN_MS = 300_000  # librdkafka's default
_SHARE = 0.75  # of the time within which a member must poll: then it does, while a plan in hand waits


@dataclass(frozen=True)
class Heard:
    """A word and the record it came in."""

    word: Word
    message: Message


class Undecodable(Protocol):
    """Keeps a record that is no word."""

    def __call__(self, message: Message, error: UndecodableError) -> None:
        """Return when it is safe."""


class Words:
    """A consumer of `auto-execute` and `verdicts`; members of one group share them."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        asking: Mapping[str, Any],
        group: str,
        topic_prefix: str,
        schema_of: SchemaOfId | None,
        undecodable: Undecodable,
        forget: Callable[[Collection[Partition]], None],
        made_anew: Callable[[Collection[str]], None],
    ) -> None:
        """`asking` are those of the consumer's `settings` that every client knows.

        `forget` is told of partitions that are about to be given anew: what is not done of them comes again;
        `made_anew` of topics that were deleted and made again.
        """
        topics = (AUTO_EXECUTE, VERDICTS)
        self._topics: dict[str | None, Topic] = {topic_prefix + topic.name: topic for topic in topics}
        self._servers = str(settings.get("bootstrap.servers", "?"))
        own = {"error_cb": self._note, **settings, "group.id": topic_prefix + group, **FIXED}
        self._consumer = Consumer({**DEFAULTS, **own}, logger=CLIENT_LOG)
        self._refusal: KafkaError | None = None  # why no broker lets us in
        self._behind: set[tuple[str | None, int | None]] | None = None  # None: no partitions given yet
        self._offsets = Offsets()
        self._forget = forget
        self._made_anew = made_anew
        self._anew: set[str | None] = set()  # topics of which the group's offsets are those of older topics
        self._again_at = 0.0  # when to join again, where the group could not forget them
        names = [topic_prefix + topic.name for topic in topics]
        options: dict[str, Any] = {"error_cb": lambda _error: None, **asking}
        admin = AdminClient(options, logger=CLIENT_LOG)
        self._ids = TopicIds(partial(admin.describe_topics, TopicCollection(names), request_timeout=_ASK_S))
        self._join = partial(
            self._consumer.subscribe, names, on_assign=self._on_assign, on_revoke=self._on_revoke
        )
        self._joining = True  # until the group has given partitions
        self._join()
        self._schema_of = schema_of
        self._undecodable = undecodable
        self._rests = False
        polled_within_ms = int(settings.get("max.poll.interval.ms", _POLLED_WITHIN_MS))
        self._stays_s = _SHARE * polled_within_ms / 1000
        self._polled_at = monotonic()
        self._unread: Message | None = None  # the registry was silent: the bytes may be good

    @property
    def caught_up(self) -> bool:
        """Whether the end of every partition that the group gave us was reached."""
        return self._behind is not None and not self._behind

    def _on_assign(self, _consumer: Consumer, given: list[TopicPartition]) -> None:
        self._behind = {(each.topic, each.partition) for each in given}
        self._on_revoke(_consumer, given)
        stale = [TopicPartition(each.topic, each.partition, 0) for each in given if each.topic in self._anew]
        try:
            if stale:
                self._consumer.commit(offsets=stale, asynchronous=False)
        except KafkaException as error:
            self._not_forgotten(error.args[0])
        else:
            if self._again_at:
                _log.warning("what was made anew is read from its beginning now")
            self._anew, self._again_at = set(), 0.0
        self._joining = False

    def _not_forgotten(self, error: KafkaError) -> None:
        if not self._again_at:
            mend = f"; {_RIGHTS}" if error.code() in _HOPELESS else ""
            _log.warning("%s: the group's old offsets stay: %s%s", _UNREAD, error.str(), mend)
        self._again_at = monotonic() + _ASK_S

    @property
    def _stands_wrong(self) -> bool:
        """Whether the group gave us partitions at offsets of topics that are gone."""
        return bool(self._anew) and not self._joining

    def _on_revoke(self, _consumer: Consumer, gone: list[TopicPartition]) -> None:
        partitions = {(each.topic, each.partition) for each in gone}
        self._forget(partitions)  # first: what is done now still counts
        self._offsets.forget(partitions)

    def next(self, timeout_s: float) -> Heard | None:
        """The next word; None: none came in time.

        Raises KafkaException where waiting would not help; RegistryUnavailableError: call again.
        """
        self._follow_topics()
        self._go_on()
        if self._stands_wrong:
            sleep(timeout_s)
            return None
        message = self._unread or self._poll(timeout_s)
        if message is None and self._refusal and self._behind is None:  # later, what is wrong may be mended
            raise KafkaException(self._refusal)
        if message is None or self._at_end(message) or _passing(message.error()):
            return None
        self._unread = message
        self._offsets.handed_out(message)
        try:
            word = _proven(decode(message.value(), self._topics[message.topic()].record, self._schema_of))
        except UndecodableError as error:
            self._undecodable(message, error)
            self.done(message)
            return None
        self._unread = None
        return Heard(word, message)

    def rest(self, timeout_s: float) -> None:
        """Stay a member of the group for so long, while no word is taken."""
        if self._unread is not None:
            sleep(timeout_s)
            return
        self._poll_paused(timeout_s)

    def stay(self, timeout_s: float) -> None:
        """Wait while a plan in hand does. Where that takes long, poll once: else another gets the plan.

        Not before: a member that does not poll is not asked for its partitions either.
        """
        if monotonic() - self._polled_at < self._stays_s:
            sleep(timeout_s)
        else:
            self._poll_paused(timeout_s)

    def _poll_paused(self, timeout_s: float) -> None:
        self._consumer.pause(self._consumer.assignment())
        self._rests = True
        message = self._poll(timeout_s)
        if message is None or self._at_end(message) or _passing(message.error()):
            return
        if self._unread is None:
            self._unread = message  # of a partition that the group gave meanwhile
        else:
            topic, partition, offset = place_of(message)
            self._consumer.seek(TopicPartition(topic, partition, offset))

    def _poll(self, timeout_s: float) -> Message | None:
        self._polled_at = monotonic()
        return self._consumer.poll(timeout_s)

    def _go_on(self) -> None:
        if self._rests:
            self._consumer.resume(self._consumer.assignment())
            self._rests = False

    def _follow_topics(self) -> None:
        """Where a topic was made anew, join the group again and begin with its first record.

        The client goes on at the old offset, where the new topic may have other records already; where it saw
        that the topic was gone, it may not look again for minutes.
        """
        for topic in sorted(anew := self._ids.look()):
            _log.warning("topic %s was made anew: it is read from its beginning", topic)
        if anew:
            self._anew.update(anew)
            self._made_anew(anew)
        if anew or (self._stands_wrong and monotonic() >= self._again_at):
            self._joining, self._behind = True, None
            self._unread = None  # it comes again, unless its topic is gone
            self._consumer.unsubscribe()
            self._join()

    def _note(self, error: KafkaError) -> None:
        OUTAGES.note(error, self._servers)
        if is_refusal(error):
            self._refusal = error

    def _at_end(self, message: Message) -> bool:
        error = message.error()
        if error is None or error.code() != KafkaError._PARTITION_EOF:
            return False
        if self._behind:
            self._behind.discard((message.topic(), message.partition()))
        return True

    def done(self, message: Message, *, durably: bool = False) -> None:
        """Never hand this record out again, once those before it are done; `durably`: from this moment on."""
        self._unread = None
        if (done := self._offsets.done(message)) is None:
            return
        try:
            self._consumer.store_offsets(offsets=[done])
            if durably:
                self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            # The group gave the partition to another member meanwhile, who will get this word once more.
            _log.warning("%s is not noted as read: %s", _place(message), error.args[0].str())

    def close(self) -> None:
        """Commit what is done and leave the group."""
        self._consumer.close()


def _proven(word: Word) -> Word:
    """What was seen is what runs. Raises UndecodableError where the digest is not that of the steps."""
    try:
        real = plan_digest(word.plan_id, word.revision, word.steps, word.run)
    except UnencodableError as error:
        raise UndecodableError(type(word).__name__, str(error)) from error
    if real != word.digest:
        raise UndecodableError(type(word).__name__, "its digest is not that of its own steps")
    return word


def _passing(error: KafkaError | None) -> bool:
    """Whether the client reports something that it mends by itself."""
    if error is None:
        return False
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise KafkaException(error, "create the topics: plangate topics create")
    if error.fatal() or error.code() in _HOPELESS:
        raise KafkaException(error)
    _log.warning("%s", error.str())
    return True


_HOPELESS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError._AUTHENTICATION,
}


def _place(message: Message) -> str:
    return f"{message.topic()}-{message.partition()}@{message.offset()}"
