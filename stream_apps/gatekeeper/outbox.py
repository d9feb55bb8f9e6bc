"""The outbox, published: what gatekeepers wrote at once, what others left behind a little later."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine, delete, or_, select

from gate_events.records import PlanExecuted
from gate_store.database import Clock
from gate_store.dialects import among
from gate_store.engine.port import OutboxRow
from gate_store.stop_file import StopFile
from gate_store.tables import outbox
from stream_apps.gatekeeper.held_verdicts import HeldVerdicts
from stream_apps.patience import through_outages
from stream_apps.plain_errors import plainly
from stream_apps.progress import Progress
from stream_apps.relay import Relay

_LIMIT = 500
_SCAN_S = 1.0
# Outcomes are the resumers' own; they publish them themselves, unless they died meanwhile.
_OTHERS_AFTER = timedelta(seconds=3)

Rows = Sequence[tuple[int, OutboxRow]]


class OutboxLoop:
    """Publishes the outbox's rows when it is rung, and once a second."""

    def __init__(
        self, store: Engine, relay: Relay, clock: Clock, progress: Progress, stop_file: StopFile
    ) -> None:
        self._held = HeldVerdicts(stop_file)
        self._store = store
        self._relay = relay
        self._clock = clock
        self._progress = progress
        self._bell = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "plangate-outbox")

    def ring(self) -> None:
        """There may be rows."""
        self._bell.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._wait()
            while await self._publish_some() == _LIMIT:
                pass

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_SCAN_S):
                await self._bell.wait()
        except TimeoutError:
            pass
        self._bell.clear()

    async def _publish_some(self) -> int:
        found = await self._in_thread(self._take) or ()
        if rows := [row for row in found if row[0] not in self._held.ids]:
            delivered = await self._relay.publish(rows)
            await self._in_thread(lambda: self._drop(delivered))
        return len(found)

    async def _in_thread(self, work: Callable[[], Rows | None]) -> Rows | None:
        loop = asyncio.get_running_loop()
        return await through_outages(
            "the store", lambda: loop.run_in_executor(self._thread, plainly(work)), self._progress
        )

    def _take(self) -> Rows:
        ours = outbox.c.record != PlanExecuted.__name__
        left_behind = outbox.c.created_at < self._clock() - _OTHERS_AFTER
        query = select(outbox).where(or_(ours, left_behind)).order_by(outbox.c.id).limit(_LIMIT)
        with self._store.begin() as conn:  # psycopg forgets its prepared statements at a rollback
            if self._held.ids:
                self._held.look_again(conn)
                query = query.where(~among(conn, outbox.c.id, self._held.ids))
            rows = [
                (
                    row.id,
                    OutboxRow(row.event_id, row.record, row.key, row.body, row.contract, row.traceparent),
                )
                for row in conn.execute(query)
            ]
            self._held.hold(conn, rows)
        return rows

    def _drop(self, ids: Sequence[int]) -> None:
        with self._store.begin() as conn:
            conn.execute(delete(outbox).where(outbox.c.id.in_(ids)))
