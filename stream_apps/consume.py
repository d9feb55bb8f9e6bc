"""The one way to consume: raw records in the log's order, each acked only when its work is durable."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from opentelemetry.trace import Span

from gate_events.sizes import Headers, size_of
from gate_events.tracing import Attributes, fail
from stream_apps.faust_app import raw_channel
from stream_apps.progress import Progress

_LOG_APPEND_TIME = 1  # Kafka's number for it
_RECORDS_A_BATCH, _RECORDS_WAITING = 4, 16  # of the largest size; of smaller ones as many as these have bytes


class Received:
    """A record as Kafka gave it. `topic` is without the operator's prefix."""

    __slots__ = (
        *("_event", "_line", "_progress", "condemned", "finished", "is_traced", "message", "size", "span"),
        *("topic", "traceparent"),
    )

    def __init__(self, event: Any, topic: str, line: "deque[Received]", progress: Progress) -> None:
        self._event = event
        self._line = line
        self._progress = progress
        self.message = event.message  # value, key, headers, partition, offset
        self.size = size_of(event.message.key, event.message.value, event.message.headers)
        self.topic = topic
        self.finished = False
        self.condemned: str | None = None  # why nobody should read it
        self.is_traced = False  # whether `traceparent` and `span` are known
        self.traceparent: str | None = None  # of what it leads to
        self.span: Span | None = None  # of its handling, until it is acked

    @property
    def headers(self) -> Headers:
        """All headers, repeated names too (Faust's own dictionary keeps one of each)."""
        return self.message.headers or ()

    @property
    def ids(self) -> dict[str, str | int]:
        """Where it stands, as fields of a log line."""
        return {"topic": self.topic, "partition": self.message.partition, "offset": self.message.offset}

    @property
    def appended_at(self) -> datetime | None:
        """When the broker appended it, to the millisecond; None where the topic keeps its writer's time."""
        if self.message.timestamp_type != _LOG_APPEND_TIME:
            return None
        return datetime.fromtimestamp(self.message.timestamp, UTC)

    def describe(self, about: Callable[[], Attributes]) -> None:
        """Add attributes to the span of its handling, if there is one."""
        if self.span is not None:
            self.span.set_attributes(about())

    def fail(self, kind: str) -> None:
        """Mark that span as failed by an error of this kind."""
        if self.span is not None:
            fail(self.span, kind)

    def ack(self) -> None:
        """The work is durable. Offsets are handed on in order, because Faust forgives a gap of one."""
        if self.span is not None:
            self.span.end()
        self.finished = True
        line = self._line
        while line and line[0].finished:
            line.popleft()._event.ack()
            self._progress.moved()


class Intake:
    """What one app reads."""

    def __init__(self, app: Any, prefix: str, topics: Iterable[str], largest_record: int) -> None:
        self.app = app
        self._largest_batch = _RECORDS_A_BATCH * largest_record
        self._largest_backlog = _RECORDS_WAITING * largest_record
        app.is_full = self._is_full
        self.progress = Progress()
        self.topics = {f"{prefix}{topic}": topic for topic in topics}
        self._channel = raw_channel(app, list(self.topics))
        app.nothing_waits = self._channel.queue.empty
        self._lines: defaultdict[Any, deque[Received]] = defaultdict(deque)

    def abandon(self) -> None:
        """Let a clean stop not wait for what was handed out; Kafka hands it out again."""
        self.app.consumer.unacked.clear()

    async def batch(self, limit: int) -> list[Received]:
        """The next records, at least one, at most `limit`. Yields while more keep coming, but never waits."""
        queue = self._channel.queue
        while True:
            batch = self._take(await queue.get())
            room = self._largest_batch - sum(received.size for received in batch)
            for _ in range(3):
                while len(batch) < limit and room > 0 and not queue.empty():
                    taken = self._take(queue.get_nowait())
                    room -= sum(received.size for received in taken)
                    batch += taken
                await asyncio.sleep(0)
                if len(batch) >= limit or room <= 0 or queue.empty():
                    break
            if batch:
                return batch

    def _is_full(self) -> bool:
        """Whether enough waits already; an empty queue forgets what a rebalance took from it."""
        if self._channel.queue.empty():
            self.app.waiting_bytes = 0
        return bool(self.app.waiting_bytes >= self._largest_backlog)

    def _take(self, event: Any) -> list[Received]:
        """Hand a record out, unless a rebalance is on: Kafka then gives it to its new owner, maybe us.

        Nor where one before it was dropped: offsets are committed behind what is handed out.
        """
        app, message = self.app, event.message
        app.waiting_bytes -= size_of(message.key, message.value, message.headers)
        if not app.flow_control.is_active() or message.generation_id != app.consumer_generation_id:
            return []
        if not app.consumer.order.hand_out(message.tp, message.offset, message.fetched_after):
            return []
        message.tracked = True
        app.consumer.unacked.add(message)  # a rebalance and a clean stop wait for these
        line = self._lines[message.tp]
        received = Received(event, self.topics[message.topic], line, self.progress)
        line.append(received)
        return [received]
