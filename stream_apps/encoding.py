"""Records to Kafka: bytes, key and CloudEvents headers."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from gate_events.codec import encode
from gate_events.headers import Headers, cloud_event
from gate_events.topics import TOPIC_OF, key_of
from stream_apps.config import AppsConfig
from stream_apps.patience import through_outages
from stream_apps.plain_errors import in_thread
from stream_apps.progress import Progress


class Encoder:
    """Writes the records of one app."""

    def __init__(self, source: str, config: AppsConfig) -> None:
        self._source = source
        self._prefix = config.topic_prefix
        self._schema_id_of = config.schema_id_of
        self._ids: dict[type[Any], int] = {}

    async def prepare(self, records: Iterable[type[Any]], progress: Progress) -> None:
        """Ask the registry, if there is one, for the ids of these record types; waits through outages."""
        for record in records:
            if self._schema_id_of is not None and record not in self._ids:
                ask = partial(in_thread, self._schema_id_of, record)
                self._ids[record] = await through_outages("the schema registry", ask, progress)

    def topic(self, record: Any) -> str:
        """Where the record belongs."""
        return self._prefix + TOPIC_OF[type(record)].name

    def key(self, record: Any) -> bytes:
        """The record's key."""
        return key_of(record)

    def value(self, record: Any) -> bytes:
        """The record's bytes. Raises UnencodableError."""
        return encode(record, self._ids.get(type(record)))

    def headers(self, record: Any, traceparent: str | None) -> Headers:
        """CloudEvents headers that carry a trace on."""
        return cloud_event(record, self._source, traceparent=traceparent)
