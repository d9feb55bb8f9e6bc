"""Bytes to records without blocking the event loop for a schema registry."""

from collections import OrderedDict
from typing import Any, TypeVar

from gate_events.codec import decode
from gate_events.errors import RegistryUnavailableError, UndecodableError
from stream_apps.config import AppsConfig
from stream_apps.consume import Received
from stream_apps.patience import through_outages
from stream_apps.plain_errors import OddError, in_thread, plainly
from stream_apps.progress import Progress
from stream_apps.unpacking import Unread

R = TypeVar("R")

_MOST_SEEN = 1_000  # whoever may register schemas decides how many there are


class _UnseenSchemaError(RegistryUnavailableError):
    """Schema id {schema_id} must be asked for first. The codec lets this kind through."""

    def __init__(self, schema_id: int) -> None:
        super().__init__(f"schema id {schema_id} was not asked for yet")
        self.schema_id = schema_id


class Decoder:
    """Decodes; asks the registry for each schema once, in a thread, and waits for it through outages."""

    def __init__(self, config: AppsConfig, progress: Progress) -> None:
        self._ask = config.schema_of_id
        self._largest = config.largest_record_bytes
        self._progress = progress
        self._seen: OrderedDict[int, Any] = OrderedDict()

    async def decode(self, received: Received, record: type[R]) -> R:
        """The record. Raises UndecodableError."""
        value = received.message.value
        if received.condemned:
            raise UndecodableError(record.__name__, received.condemned)
        if isinstance(value, Unread):
            raise UndecodableError(record.__name__, value.why)
        if received.size > self._largest:
            limit = f"{self._largest} is the most (largest_record_bytes)"
            raise UndecodableError(record.__name__, f"it has {received.size} bytes, and {limit}")
        while True:
            try:
                return plainly(decode)(value, record, self._schema_of_id if self._ask else None)
            except _UnseenSchemaError as unseen:
                await self._learn(unseen.schema_id)
            except OddError as error:  # a panic of a library
                raise UndecodableError(record.__name__, str(error)) from error

    def _schema_of_id(self, schema_id: int) -> Any:
        try:
            return self._seen[schema_id]
        except KeyError:
            raise _UnseenSchemaError(schema_id) from None

    async def _learn(self, schema_id: int) -> None:
        assert self._ask is not None  # noqa: S101 - only then is a schema asked for
        ask = self._ask
        self._seen[schema_id] = await through_outages(
            "the schema registry", lambda: in_thread(ask, schema_id), self._progress
        )
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
