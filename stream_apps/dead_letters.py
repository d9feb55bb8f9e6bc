"""What cannot be handled, kept with its bytes, its headers and its error."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gate_events.headers import cut_letter, dead_letter
from gate_events.ids import derived
from gate_events.records import DeadLetter
from gate_events.shown import shown
from gate_events.sizes import Cut, Headers, cut, size_of
from gate_events.topics import DEAD_LETTERS, TOPICS
from gate_store.database import Clock
from stream_apps.config import AppsConfig
from stream_apps.exits import BROKEN, leave
from stream_apps.metrics import Reason, buried, expect_dead_letters
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.spans import REFUSED
from stream_apps.spool import Spool

if TYPE_CHECKING:
    from stream_apps.consume import Received  # whose module loads Faust

_log = logging.getLogger("plangate.dead_letters")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record came from. `event_id` names the dead letter where the place does not."""

    topic: str
    partition: int = 0
    offset: int = 0
    event_id: UUID | None = None


class DeadLetters:
    """Writes to `dead-letters`: key, value and headers as they were, with `plangate_<field>` headers."""

    def __init__(self, app: str, config: AppsConfig, writer: KafkaWriter) -> None:
        self._app = app
        self._clock: Clock = config.clock
        self._prefix = config.topic_prefix
        self._topic = f"{config.topic_prefix}{DEAD_LETTERS.name}"
        self._writer = writer
        self._spool = Spool(config.spool)
        self._largest = config.largest_record_bytes
        expect_dead_letters(f"{self._prefix}{topic.name}" for topic in TOPICS)
        self._spooling: set[asyncio.Task[None]] = set()

    @property
    def waits(self) -> bool:
        """Whether Kafka takes nothing just now."""
        return self._writer.waits

    def bury(self, received: "Received", error: str, reason: Reason) -> None:
        """Give a record up; it is acked when it is safe among the dead letters."""
        message = received.message
        _log.warning(
            "%s-%d@%d is a dead letter: %s",
            received.topic,
            message.partition,
            message.offset,
            shown(error)[:300],
            extra=received.ids,
        )
        received.fail(REFUSED)
        first = getattr(message.value, "first", message.offset)  # of an Unread batch
        origin = Origin(received.topic, message.partition, first)
        self.send(message.key, message.value, received.headers, origin, error, reason, received.ack)

    def send(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        origin: Origin,
        error: str,
        reason: Reason,
        safe: Callable[[], None],
    ) -> None:
        """Keep these bytes, or the beginning of too many; `safe` is called when they are durable."""
        buried(f"{self._prefix}{origin.topic}", reason)
        letter = self._letter(origin, error)
        if size_of(key, value, headers) > self._largest:
            self._send_cut(letter, cut(key, value, headers), safe)
            return

        def refused(problem: str) -> None:
            self._begin(self._keep_whole(letter, key, value, headers, problem, safe))

        self._writer.send(Outgoing(self._topic, key, value, dead_letter(letter, headers), safe, refused))

    def _letter(self, origin: Origin, error: str) -> DeadLetter:
        place = (origin.topic, origin.partition, origin.offset)
        return DeadLetter(
            event_id=derived("dead-letter", self._app, *place, origin.event_id or ""),
            app=self._app,
            topic=origin.topic,
            partition=origin.partition,
            offset=origin.offset,
            error=shown(error),
            failed_at=self._clock(),
        )

    async def _keep_whole(
        self,
        letter: DeadLetter,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        problem: str,
        safe: Callable[[], None],
    ) -> None:
        """The broker refuses it for its size: a file keeps the whole, and the topic its beginning."""
        file = await self._spool.keep(key, value, dead_letter(letter, headers), problem)
        self._send_cut(letter, cut(key, value, headers), safe, f"in {file.name} in the spool")

    def _send_cut(self, letter: DeadLetter, kept: Cut, safe: Callable[[], None], place: str = "") -> None:
        headers = cut_letter(letter, kept, place)

        def refused(problem: str) -> None:
            self._begin(self._keep_cut(kept, headers, problem, safe))

        self._writer.send(Outgoing(self._topic, kept.key, kept.value, headers, safe, refused))

    async def _keep_cut(self, kept: Cut, headers: Headers, problem: str, safe: Callable[[], None]) -> None:
        await self._spool.keep(kept.key, kept.value, headers, problem)
        safe()

    def _begin(self, keeping: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(keeping)
        self._spooling.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, keeping: asyncio.Task[None]) -> None:
        self._spooling.discard(keeping)
        if not keeping.cancelled() and (error := keeping.exception()):
            leave(BROKEN, "a dead letter could not be kept", error)
