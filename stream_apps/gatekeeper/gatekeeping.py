"""Takes batches of records into the gate store; each record is acked when its transaction is committed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from gate_events.errors import UndecodableError
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES
from gate_events.trace_context import caused_by
from gate_events.words import DecisionKind, known
from gate_store.dialects import store_moment
from gate_store.dispositions import Fate
from gate_store.refused import note_refused
from stream_apps.config import GATEKEEPER, AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.gatekeeper.commit import Committed, commit_batch
from stream_apps.gatekeeper.in_traces import begin_spans
from stream_apps.gatekeeper.losses import Losses
from stream_apps.gatekeeper.undecided import ended_undecided, tell
from stream_apps.metrics import Reason, decided, expect_decisions
from stream_apps.own_work import OwnWork
from stream_apps.patience import is_outage, through_outages
from stream_apps.plain_errors import plainly
from stream_apps.progress import Progress
from stream_apps.spans import Spans

T = TypeVar("T")

_log = logging.getLogger("plangate.gatekeeper")

INPUTS = {topic.name: topic.record for topic in (APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES)}

_Decoded = tuple[Received, Any]


@dataclass(frozen=True)
class Bells:
    """Whom to tell after a commit. `ready` is called in the store's thread, `outbox` on the event loop."""

    ready: Callable[[], None]
    outbox: Callable[[], None]


class StoreThread:
    """The one thread in which the gatekeeper speaks to its store."""

    def __init__(self, store: Engine, progress: Progress, own_work: OwnWork | None = None) -> None:
        self.store = store
        self.done = 0  # pieces of work
        self.own_work = own_work or OwnWork()
        self.own_work.know(store)
        self._progress = progress
        self._thread = ThreadPoolExecutor(1, "plangate-gates")

    async def do(self, work: Callable[[], T]) -> T:
        """The result of `work`, tried on through outages. Raises what says something about the data."""
        loop = asyncio.get_running_loop()
        result = await through_outages(
            "the store", lambda: loop.run_in_executor(self._thread, plainly(work)), self._progress
        )
        self.done += 1
        return result


class Gatekeeping:
    """Handles the records of all four input topics."""

    def __init__(
        self,
        config: AppsConfig,
        thread: StoreThread,
        decoder: Decoder,
        dead_letters: DeadLetters,
        bells: Bells,
    ) -> None:
        self._config = config
        self._thread = thread
        self._decoder = decoder
        self._dead_letters = dead_letters
        self._bells = bells
        self._spans = Spans(GATEKEEPER, config.topic_prefix, config.tracers.get(GATEKEEPER))
        expect_decisions((kind.value for kind in known(DecisionKind)), Fate.DECIDED)

    async def handle(self, batch: Sequence[Received]) -> None:
        """Commit a batch, or all of it but what cannot be."""
        if decoded := await self._decoded(batch):
            await self._commit(decoded)

    async def _decoded(self, batch: Sequence[Received]) -> list[_Decoded]:
        decoded = []
        for received in batch:
            try:
                decoded.append((received, await self._decoder.decode(received, INPUTS[received.topic])))
            except UndecodableError as error:
                self._spans.process(received)
                self._dead_letters.bury(received, str(error), Reason.UNREADABLE)
        return decoded

    async def _commit(self, decoded: Sequence[_Decoded], *, again: bool = False) -> None:
        """Commit in one transaction; where the data are at fault, halve until the culprit stands alone."""
        losses = Losses(len(decoded), lambda: self._thread.done)
        try:
            committed = await self._thread.do(lambda: self._write(decoded, losses))
        except Exception as error:  # a record must not stop the records behind it, whatever it provokes
            if len(decoded) == 1 and not again and isinstance(error, IntegrityError):
                await self._commit(decoded, again=True)  # what another gatekeeper wrote meanwhile is seen now
                return
            if len(decoded) == 1:
                await self._bury(*decoded[0], f"the store cannot take it: {_plain(error)}")
                return
            middle = len(decoded) // 2
            await self._commit(decoded[:middle])
            await self._commit(decoded[middle:])
            return
        for place, (received, _) in enumerate(decoded):
            if why := committed.refused.get(place):
                self._dead_letters.bury(received, why, Reason.REFUSED)
            else:
                received.ack()
        for kind, what in committed.decided:
            decided(kind.value, what.fate, what.open_for)
        if committed.said:
            self._bells.outbox()

    async def _bury(self, received: Received, record: Any, why: str) -> None:
        self._dead_letters.bury(received, why, Reason.UNHANDLED)
        try:
            await self._thread.do(lambda: self._note_refused(record, why))
        except Exception as error:  # whatever it is about this record, the dead letter tells of it
            _log.warning("what was refused is not noted at its run: %s", _plain(error))

    def _note_refused(self, record: Any, why: str) -> None:
        with self._thread.store.begin() as conn:
            note_refused(conn, [(record, why)])

    def _write(self, decoded: Sequence[_Decoded], losses: Losses) -> Committed:
        config = self._config
        records = [record for _, record in decoded]
        appended = [received.appended_at for received, _ in decoded]
        tolerance = timedelta(seconds=config.dating_tolerance_s)
        with self._thread.store.begin() as conn:
            now = store_moment(conn, config.clock())
            causes = begin_spans(conn, decoded, self._spans)
            try:
                with self._thread.own_work.measured(), caused_by(causes):
                    committed = commit_batch(conn, records, config.catalogue, now, appended, tolerance)
                undecided = ended_undecided(conn, committed)
            except DBAPIError as error:
                losses.note(error)
                raise
        tell(undecided)
        if committed.ready:
            self._ring_ready()
        return committed

    def _ring_ready(self) -> None:
        """A lost ring costs a moment, since resumers look by themselves as well: it undoes no commit."""
        try:
            self._bells.ready()
        except Exception as error:
            if not is_outage(error):
                raise


def _plain(error: Exception) -> str:
    """An error in one line, without SQL and its parameters."""
    return f"{type(error).__name__}: {getattr(error, 'orig', None) or error}".splitlines()[0]
