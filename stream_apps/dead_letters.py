"""What cannot be handled, kept with its bytes, its headers and its error."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from gate_events.headers import dead_letter
from gate_events.ids import derived
from gate_events.records import DeadLetter
from gate_events.topics import DEAD_LETTERS
from gate_store.database import Clock
from stream_apps.config import AppsConfig
from stream_apps.consume import Received
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.spool import Spool

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
        self._topic = f"{config.topic_prefix}{DEAD_LETTERS.name}"
        self._writer = writer
        self._spool = Spool(config.spool)
        self._spooling: set[asyncio.Task[None]] = set()

    @property
    def waits(self) -> bool:
        """Whether Kafka takes nothing just now."""
        return self._writer.waits

    def bury(self, received: Received, error: str) -> None:
        """Give a record up; it is acked when it is safe among the dead letters."""
        message = received.message
        _log.warning(
            "%s-%d@%d is a dead letter: %s", received.topic, message.partition, message.offset, error[:300]
        )
        origin = Origin(received.topic, message.partition, message.offset)
        self.send(message.key, message.value, received.headers, origin, error, received.ack)

    def send(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        origin: Origin,
        error: str,
        safe: Callable[[], None],
    ) -> None:
        """Keep these bytes; `safe` is called when they are durable."""
        kept = dead_letter(self._letter(origin, error), headers)
        # The broker may refuse even this one, for its size: then it goes into a file.
        spool = lambda problem: self._keep_in_file(key, value, kept, problem, safe)  # noqa: E731 - one use
        self._writer.send(Outgoing(self._topic, key, value, kept, safe, spool))

    def _letter(self, origin: Origin, error: str) -> DeadLetter:
        place = (origin.topic, origin.partition, origin.offset)
        return DeadLetter(
            event_id=derived("dead-letter", self._app, *place, origin.event_id or ""),
            app=self._app,
            topic=origin.topic,
            partition=origin.partition,
            offset=origin.offset,
            error=error,
            failed_at=self._clock(),
        )

    def _keep_in_file(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        problem: str,
        safe: Callable[[], None],
    ) -> None:
        task = asyncio.ensure_future(self._spool.keep(key, value, headers, problem))
        self._spooling.add(task)
        task.add_done_callback(self._spooling.discard)
        task.add_done_callback(lambda done: None if done.cancelled() else safe())
