"""What a worker holds of one claimed run: what was loaded, what waits, and whether it may go on."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from gate_store.engine.port import (
    Act,
    ClaimedRun,
    FenceLostError,
    Intent,
    NotClearedError,
    OutboxRow,
    PackedPut,
    Result,
    RunEnd,
    UnwritableError,
)
from stream_apps.resumer.checkpoints import Checkpoints
from stream_apps.resumer.commits import Commits
from stream_apps.resumer.errors import LeaseLostError, RunStoppedError
from stream_apps.resumer.time_limit import TimeLimit


class RunState:
    """The buffer of one run, and the flag that stops it for good.

    `stop` is sticky: a node may swallow every exception and the run still neither writes nor acts again.
    """

    def __init__(self, claimed: ClaimedRun, commits: Commits) -> None:
        self.claimed = claimed
        self._claimed_at = time.monotonic()
        self.checkpoints = Checkpoints(claimed.head)
        self.limit = TimeLimit()
        self.stopped: RunStoppedError | None = None
        self.halting = False  # the worker wants to stop: no new effect begins
        self.closing = False  # this attempt of it is over: what its nodes still want does not begin
        self.interrupted = False  # a node asked something since the claim
        self.has_written = False  # the store has something of this claim
        self.has_ended = False  # the store has the end of this claim
        self._commits = commits
        self._lock = asyncio.Lock()  # one act of a run at a time: LangGraph's order is kept
        self._puts: list[PackedPut] = []
        self._new_head: str | None = None
        self._results: list[Result] = []
        self._noting = threading.Lock()  # around _results: nodes in threads note what their effects gave

    @property
    def has_unwritten(self) -> bool:
        """Whether something waits for a barrier."""
        return bool(self._puts or self._results) and not self._lock.locked()

    @property
    def has_unwritten_results(self) -> bool:
        """Whether what became of an effect waits for a barrier."""
        with self._noting:
            return bool(self._results)

    def store_now(self, otherwise: datetime) -> datetime:
        """The store's clock, by which approvals go stale; `otherwise` where the claim did not tell it."""
        passed = timedelta(seconds=time.monotonic() - self._claimed_at)
        return self.claimed.now + passed if self.claimed.now else otherwise

    def stop(self, error: RunStoppedError) -> None:
        """Let the run do nothing more; the first reason stays. What nodes put from now on is dropped."""
        self.stopped = self.stopped or error

    def check(self) -> None:
        """Raise why the run was stopped, if it was."""
        if self.stopped is not None:
            raise self.stopped

    def put(self, put: PackedPut, new_head: str | None = None) -> None:
        """Let a checkpoint or its writes wait for the next barrier."""
        if self.stopped is None:
            self._puts.append(put)
            self._new_head = new_head or self._new_head

    def forget(self) -> None:
        """Drop the checkpoints that wait: the thread stays where it was claimed."""
        self._puts, self._new_head = [], None

    def has_result_of(self, effect_id: UUID) -> bool:
        """Whether a result of this effect waits for the next barrier."""
        with self._noting:
            return any(result.effect_id == effect_id for result in self._results)

    def note(self, result: Result) -> None:
        """Let an effect's result wait for the next barrier. Safe from a node's thread."""
        with self._noting:
            self._results.append(result)

    async def barrier(self, intents: Sequence[Intent] = ()) -> None:
        """Make durable all that waits, together with `intents`. Raises RunStoppedError, NotClearedError."""
        self.check()
        await self._commit(intents, None, ())

    async def write(self) -> None:
        """Make durable all that waits, also of a run that was stopped. Raises LeaseLostError."""
        await self._commit((), None, ())

    async def end(self, end: RunEnd, outbox: Sequence[OutboxRow] = ()) -> None:
        """End this claim of the run, together with all that waits. Raises LeaseLostError."""
        await self._commit((), end, outbox)
        self.stop(LeaseLostError(self.claimed.thread_id, "this claim of it has ended"))

    async def end_by(self, act: Callable[[], Awaitable[None]]) -> None:
        """End this claim by an act that is written beside this buffer, once all that waits is durable.

        Raises LeaseLostError.
        """
        await self.write()
        try:
            await act()
        except FenceLostError as error:
            raise LeaseLostError(error.thread_id, str(error)) from error
        self.has_ended = True
        self.stop(LeaseLostError(self.claimed.thread_id, "this claim of it has ended"))

    async def _commit(
        self, intents: Sequence[Intent], end: RunEnd | None, outbox: Sequence[OutboxRow]
    ) -> None:
        with self.limit.held():
            await self._commit_next(intents, end, outbox)

    async def _commit_next(
        self, intents: Sequence[Intent], end: RunEnd | None, outbox: Sequence[OutboxRow]
    ) -> None:
        async with self._lock:
            act = self._take(intents, end, outbox)
            try:
                await self._finished(act)
            except FenceLostError as error:
                lost = LeaseLostError(error.thread_id, str(error))
                self.stop(lost)
                raise lost from error
            except NotClearedError:
                self._give_back(act)
                raise
            except UnwritableError as error:
                self._note_again(act)
                self.stop(RunStoppedError(error.thread_id, str(error)))
                raise

    async def _finished(self, act: Act) -> None:
        """Wait for a commit; a cancelled run still waits, so that its next act comes after it."""
        commit = self._commits.submit(act)
        try:
            await asyncio.shield(commit)
        finally:
            await asyncio.wait([commit])
            if commit.exception() is None:
                self.has_written = True
                self.has_ended = self.has_ended or act.end is not None

    def _take(self, intents: Sequence[Intent], end: RunEnd | None, outbox: Sequence[OutboxRow]) -> Act:
        with self._noting:
            results, self._results = self._results, []
        act = Act(
            thread_id=self.claimed.thread_id,
            token=self.claimed.token,
            puts=[*self._puts],
            new_head=self._new_head,
            results=results,
            intents=list(intents),
            end=end,
            outbox=list(outbox),
        )
        self._puts, self._new_head = [], None
        return act

    def _give_back(self, act: Act) -> None:
        self._puts = [put for put in act.puts if isinstance(put, PackedPut)] + self._puts
        self._note_again(act)
        self._new_head = self._new_head or act.new_head

    def _note_again(self, act: Act) -> None:
        with self._noting:
            self._results = act.results + self._results
