"""Faust's consumer without four tasks for each record, its fixed wait for records, and aborted records."""

import logging
from collections.abc import Coroutine, Generator, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, cast

from aiokafka.errors import IllegalStateError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from mode.services import WaitResults

from gate_events.sizes import size_of
from stream_apps.fetch_order import FetchOrder

_log = logging.getLogger("plangate")

_ROOM_S = 0.05


class FetchingThread(AIOKafkaConsumerThread):
    """Reads committed records only, and takes `fetch.wait.max.ms` from the options.

    Stock Faust reads what its sender took back, and waits a fixed 1.5 s.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = self.app.fetch_wait_ms  # type: ignore[attr-defined] # StatelessApp's
        consumer._isolation_level = "read_committed"
        return consumer

    async def join_again(self) -> None:
        """Have the group meet, after a look at which topics and partitions there are."""
        await self.call_thread(self._join_again)

    async def _join_again(self) -> None:
        consumer: Any = self._ensure_consumer()
        await consumer._client.force_metadata_update()
        consumer._coordinator.request_rejoin()


class EagerConsumer(Consumer):
    """Hands a record to its queue in the same step where that does not block, as it hardly ever does.

    Stock Faust races each hand-over against "suspended", "stopped" and "crashed" in tasks of their own:
    half of its time. Here the race is run only by a hand-over that has to wait.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.order = FetchOrder()
        self._anew: set[str] = set()  # topics whose committed offsets are those of older topics
        self._from_beginning: set[Any] = set()  # partitions of theirs
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> FetchingThread:
        return FetchingThread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - the signature is Faust's
        """Fetch on when there is room for it: Faust counts records, but memory is bytes."""
        while self.flow_active and not self.should_stop and cast(Any, self.app).is_full():
            await self.sleep(_ROOM_S)
        return await super()._wait_next_records(timeout)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109 - the signature is Faust's
        """Nothing else fetches meanwhile: the place to go back to what was dropped."""
        app: Any = self.app  # a StatelessApp
        for tp, offset in self.order.dropped(nothing_waits=app.nothing_waits()).items():
            await self._fetch_again(tp, offset)
        fetched = await super()._getmany(active_partitions, timeout)
        self.order.fetched(fetched)
        return fetched

    async def _fetch_again(self, tp: Any, offset: int) -> None:
        self.order.sought(tp)
        with suppress(IllegalStateError):  # it has gone elsewhere
            await self._thread.seek_wait({tp: offset})
            _log.info("%s-%d@%d was dropped while partitions moved; it is fetched again", *tp, offset)

    def _to_message(self, tp: Any, record: Any) -> Any:
        app: Any = self.app  # a StatelessApp
        app.waiting_bytes += size_of(record.key, record.value, record.headers)
        message: Any = super()._to_message(tp, record)
        message.fetched_after = self.order.before(tp, record.offset)
        return message

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Forget where they stood."""
        await super().on_partitions_revoked(revoked)
        self.order.forget(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """Begin at what is committed."""
        self.order.forget(assigned)
        self._from_beginning = {tp for tp in assigned if tp.topic in self._anew or tp in self._from_beginning}
        self._anew = set()
        await super().on_partitions_assigned(assigned, generation_id)

    async def join_again(self, anew: Iterable[str]) -> None:
        """Have the group meet again; topics that were made anew are then read from their beginning."""
        self._anew.update(anew)
        thread: Any = self._thread  # a FetchingThread
        await thread.join_again()

    async def perform_seek(self) -> None:
        """Go to what is committed, which for a topic that was made anew is nothing."""
        stale = dict.fromkeys(self._from_beginning, 0)
        if stale and await self._thread.commit(stale):
            self._from_beginning = set()
        await super().perform_seek()
        if stale:
            await self._thread.seek_wait(stale)  # aiokafka passes over a committed 0

    def _new_offset(self, tp: Any) -> int | None:
        """What to commit: all up to the newest acked record, since consume.py acks in the log's order.

        Stock Faust waits for the offsets between, which markers, aborted records and compaction leave empty:
        it notes such gaps, but not behind offset 0, and then commits nothing more.
        """
        acked = self._acked[tp]
        newest = max(acked, default=None)
        acked.clear()
        self._acked_index[tp].clear()
        return None if newest is None else int(newest) + 1

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Nothing to note: see above."""

    async def wait_first(self, *waiting: Any, timeout: Any = None) -> WaitResults:  # noqa: ASYNC109 - the signature is mode's
        """Wait for the first of several; a hand-over is tried on the spot."""
        first, *others = waiting
        idle = self.should_stop or self.suspend_flow.is_set() or self._crashed.is_set()
        if idle or getattr(first, "cr_code", None) is not self.callback.__code__:
            return await super().wait_first(*waiting, timeout=timeout)
        try:
            blocked_on = first.send(None)
        except StopIteration as handed_over:
            _forget(others)
            return WaitResults([first], [handed_over.value], False)
        except BaseException:
            _forget(others)
            raise
        return await super().wait_first(_RestOf(first, blocked_on), *others, timeout=timeout)


class EagerTransport(Transport):
    """The transport with that consumer."""

    Consumer = EagerConsumer


def _forget(others: Iterable[Any]) -> None:
    for other in others:
        other.close()


class _RestOf:
    """What is left of a coroutine that was begun and waits for `blocked_on`."""

    def __init__(self, begun: Coroutine[Any, Any, Any], blocked_on: Any) -> None:
        self._begun = begun
        self._blocked_on = blocked_on

    def __await__(self) -> Generator[Any, Any, Any]:
        blocked_on = self._blocked_on
        while True:
            try:
                sent = yield blocked_on
            except BaseException as error:
                proceed = partial(self._begun.throw, error)
            else:
                proceed = partial(self._begun.send, sent)
            try:
                blocked_on = proceed()
            except StopIteration as done:
                return done.value
