"""The one way to consume: raw records in the log's order, each acked only when its work is durable."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import faust

from stream_apps.exits import BROKEN, leave
from stream_apps.faust_app import raw_channel
from stream_apps.progress import Progress

_LOG_APPEND_TIME = 1  # Kafka's number for it

Headers = Sequence[tuple[str, bytes | None]]


class Received:
    """A record as Kafka gave it. `topic` is without the operator's prefix."""

    __slots__ = ("_event", "_line", "_progress", "finished", "message", "topic")

    def __init__(self, event: Any, topic: str, line: "deque[Received]", progress: Progress) -> None:
        self._event = event
        self._line = line
        self._progress = progress
        self.message = event.message  # value, key, headers, partition, offset
        self.topic = topic
        self.finished = False

    @property
    def headers(self) -> Headers:
        """All headers, repeated names too (Faust's own dictionary keeps one of each)."""
        return self.message.headers or ()

    @property
    def appended_at(self) -> datetime | None:
        """When the broker appended it, to the millisecond; None where the topic keeps its writer's time."""
        if self.message.timestamp_type != _LOG_APPEND_TIME:
            return None
        return datetime.fromtimestamp(self.message.timestamp, UTC)

    def ack(self) -> None:
        """The work is durable. Offsets are handed on in order, because Faust forgives a gap of one."""
        self.finished = True
        line = self._line
        while line and line[0].finished:
            line.popleft()._event.ack()
            self._progress.moved()


class Intake:
    """What one app reads."""

    def __init__(self, app: faust.App, prefix: str, topics: Iterable[str]) -> None:
        self.app = app
        self.progress = Progress()
        self.topics = {f"{prefix}{topic}": topic for topic in topics}
        self._channel = raw_channel(app, list(self.topics))
        self._lines: defaultdict[Any, deque[Received]] = defaultdict(deque)

    def abandon(self) -> None:
        """Let a clean stop not wait for what was handed out; Kafka hands it out again."""
        self.app.consumer.unacked.clear()

    async def batch(self, limit: int) -> list[Received]:
        """The next records, at least one, at most `limit`. Yields while more keep coming, but never waits."""
        queue = self._channel.queue
        while True:
            batch = self._take(await queue.get())
            for _ in range(3):
                while len(batch) < limit and not queue.empty():
                    batch += self._take(queue.get_nowait())
                await asyncio.sleep(0)
                if len(batch) >= limit or queue.empty():
                    break
            if batch:
                return batch

    def _take(self, event: Any) -> list[Received]:
        """Hand a record out, unless a rebalance is on: Kafka then gives it to its new owner, maybe us."""
        app, message = self.app, event.message
        if not app.flow_control.is_active() or message.generation_id != app.consumer_generation_id:
            return []
        message.tracked = True
        app.consumer.unacked.add(message)  # a rebalance and a clean stop wait for these
        line = self._lines[message.tp]
        received = Received(event, self.topics[message.topic], line, self.progress)
        line.append(received)
        return [received]


async def serve(intake: Intake, limit: int, handle: Callable[[list[Received]], Awaitable[None]]) -> None:
    """Hand batches to `handle` until cancelled; whatever escapes it ends the process with nothing acked."""
    try:
        while True:
            await handle(await intake.batch(limit))
    except asyncio.CancelledError:
        intake.abandon()
        raise
    except BaseException as error:
        leave(BROKEN, f"{intake.app.conf.id} met a fault of its own", error)
