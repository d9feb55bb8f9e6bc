"""Records as the log has them, with the broker's moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message

from gate_events.codec import decode
from gate_events.errors import UndecodableError
from gate_events.topics import Topic
from plangate.kafka import topics
from plangate.kafka.reading import Span, read_spans, spans
from plangate.settings import Settings
from plangate.wiring import schema_ids


@dataclass(frozen=True, slots=True)
class OnLog:
    """A record; `record` is None where nobody can read it, `at` where its topic keeps its writer's time."""

    partition: int
    offset: int
    record: Any
    at: datetime | None


class Log:
    """Reads topics. Raises KafkaException, RegistryUnavailableError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        ids = schema_ids(settings)
        self._schema_of = ids.schema_of if ids else None

    def spans(self, topic: Topic, since: datetime) -> dict[int, Span]:
        """What it holds of `since` on; all, where its records are dated by their writers."""
        dated = topics.dated_by(self._settings, topic) == topics.LOG_APPEND_TIME
        return spans(self._settings, self._settings.topic(topic.name), since if dated else None)

    def read(self, topic: Topic, wanted: Mapping[int, tuple[int, int]]) -> Iterator[OnLog]:
        """The records of these offsets, by partition."""
        for message in read_spans(self._settings, self._settings.topic(topic.name), wanted):
            yield self._on_log(topic, message)

    def _on_log(self, topic: Topic, message: Message) -> OnLog:
        try:
            record = decode(message.value(), topic.record, self._schema_of)
        except UndecodableError:
            record = None
        kind, milliseconds = message.timestamp()
        dated = kind == TIMESTAMP_LOG_APPEND_TIME
        at = datetime.fromtimestamp(milliseconds / 1000, UTC) if dated else None
        return OnLog(message.partition() or 0, message.offset() or 0, record, at)
