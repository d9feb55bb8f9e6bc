"""The resumer's loop: claims READY runs in small chunks, keeps their leases, gives them back at the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from gate_store.engine.port import ClaimedRun, EngineStore, FenceLostError, UnwritableError
from stream_apps.patience import is_outage
from stream_apps.resumer.commits import Commits
from stream_apps.resumer.errors import HaltedError, LeaseLostError, RunStoppedError
from stream_apps.resumer.outage import Outage
from stream_apps.resumer.resume import Resume, Tools
from stream_apps.resumer.run_state import RunState
from stream_apps.weather import first_line

log = logging.getLogger(__name__)

LAST_ACTS_S = 5.0  # for what a run whose call is out asks people when the worker stops
GATHER_S = 0.005  # how long a partly free worker waits for a whole chunk
REAP_AT_ONCE = 100
HELD_S = 5.0  # at least, until a run that a stop held is looked at again


class Worker:
    """Up to `in_flight` runs at once."""

    def __init__(self, store: EngineStore, tools: Tools, commits: Commits) -> None:
        self._store = store
        self._tools = tools
        self._config = tools.config
        self._commits = commits
        self._tasks: dict[asyncio.Task[None], Resume] = {}
        self._left: list[Resume] = []  # ended while the worker stops, without an end of their own
        self._draining = False
        self._reap_from = 0.0  # when the living have had the time to renew what ran out in an outage
        self._suspects = True  # READY runs whose worker died wait to be tried alone; at first, perhaps

    async def claim_until(self, stop: asyncio.Event) -> None:
        """Claim and resume until `stop`; an outage of the store is waited out."""
        stopping = asyncio.create_task(stop.wait(), name="resumer-stop")
        outage = Outage("claiming runs")
        while not await self._room(stopping):
            try:
                claimed = await self._claim()
                outage.is_over()
                if not claimed:
                    await _first(stopping, self._store.wait_ready(self._config.poll_s))
            except Exception as error:
                self._reap_later()
                outage.goes_on(error)
                await asyncio.wait([stopping], timeout=self._config.poll_s)

    async def _room(self, stopping: asyncio.Task[Any]) -> bool:
        """Wait until there is room, for a whole chunk if that comes soon; whether to stop instead.

        Runs that are claimed one by one would move in lockstep with each commit.
        """
        while self._is_full() and not stopping.done():
            wake = self._config.poll_s  # another worker may have taken what was to be tried alone
            await asyncio.wait([*self._tasks, stopping], timeout=wake, return_when=asyncio.FIRST_COMPLETED)
        if self._free() < self._config.chunk and self._tasks:
            await asyncio.wait(self._tasks, timeout=GATHER_S, return_when=asyncio.FIRST_COMPLETED)
        return stopping.done()

    async def _claim(self) -> int:
        """Claim up to a chunk; how many runs were claimed."""
        free, config = min(self._free(), self._config.chunk), self._config
        stops = config.stop_file.stops()
        if any(stop.action_type is None for stop in stops):
            return 0
        held = [stop.action_type for stop in stops if stop.action_type is not None]
        beside = bool(self._tasks) or not self._suspects
        claimed = await self._store.claim(config.worker, free, config.lease_s, beside=beside, held=held)
        if not beside:
            self._suspects = any(run.alone for run in claimed)
        for run in claimed:
            self._start(run)
        return len(claimed)

    def _is_full(self) -> bool:
        """A run that is tried alone fills the worker; one that waits to be tried lets it run empty."""
        alone = any(resume.run.claimed.alone for resume in self._tasks.values())
        return alone or self._free() == 0 or (self._suspects and bool(self._tasks))

    def _free(self) -> int:
        return self._config.in_flight - len(self._tasks)

    def _start(self, claimed: ClaimedRun) -> None:
        resume = Resume(RunState(claimed, self._commits), self._tools)
        task = asyncio.create_task(resume.work(), name=f"resume {claimed.thread_id}")
        self._tasks[task] = resume
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        resume = self._tasks.pop(task)
        run = resume.run
        if self._draining:
            self._left.append(resume)
        if not task.cancelled() and (error := task.exception()):
            thread_id = run.claimed.thread_id
            log.error(
                "run %s ended in a fault of ours", thread_id, exc_info=error, extra={"thread_id": thread_id}
            )

    async def keep_leases(self) -> None:
        """Renew the leases, stop the runs that were lost, and write behind runs that take long."""
        held = list(self._tasks.items())
        tokens = [(resume.run.claimed.thread_id, resume.run.claimed.token) for _, resume in held]
        if not tokens:
            return
        try:
            lost = await self._store.renew(self._config.worker, tokens, self._config.lease_s)
        except Exception:
            self._reap_later()
            raise
        for task, resume in held:
            if resume.run.claimed.thread_id in lost:
                self._stop(task, resume, LeaseLostError(resume.run.claimed.thread_id, "its lease ran out"))
            elif resume.run.has_unwritten:
                with suppress(RunStoppedError, UnwritableError):
                    await resume.run.barrier()

    @staticmethod
    def _stop(task: asyncio.Task[None], resume: Resume, why: RunStoppedError) -> None:
        """It may do nothing more; an effect that is under way is let finish."""
        resume.run.stop(why)
        if not resume.has_call_out():
            task.cancel()

    async def reap(self) -> None:
        """Return runs of dead workers to READY; they are tried alone before others are claimed."""
        if asyncio.get_running_loop().time() < self._reap_from:
            return
        try:
            while await self._store.reap(REAP_AT_ONCE) == REAP_AT_ONCE:
                pass
        except Exception:
            self._reap_later()
            raise
        self._suspects = await self._store.any_alone()

    def _reap_later(self) -> None:
        """The store does not work: leases run out though nobody died, and whoever lives renews them first."""
        self._reap_from = asyncio.get_running_loop().time() + self._config.lease_s

    def in_hand(self) -> list[str]:
        """The threads of the runs in flight."""
        return [resume.run.claimed.thread_id for resume in list(self._tasks.values())]

    async def drain(self) -> None:
        """Let the runs in flight finish; after `drain_s` stop each at its next barrier.

        Given back is what has no call out. Of the others people are asked, or their leases run out.
        """
        self._draining = True
        await self._wait(self._config.drain_s)
        for task, resume in list(self._tasks.items()):
            resume.run.halting = True
            if not resume.has_call_out():  # an effect under way is let finish, and its result is written
                self._stop(task, resume, HaltedError(resume.run.claimed.thread_id, "the worker is stopping"))
        await self._wait(self._config.drain_s)
        for task in list(self._tasks):
            task.cancel()
        await self._wait(LAST_ACTS_S)
        free = [resume.run.claimed for resume in self._left if resume.may_be_given_back()]
        try:
            await self._store.release(self._config.worker, [(run.thread_id, run.token) for run in free])
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("the runs in hand were not given back (%s); their leases run out", first_line(error))

    async def _wait(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)


async def give_back(store: EngineStore, worker: str, claimed: ClaimedRun) -> None:
    """A run that a stop holds: READY again, to be claimed once that has ended. Raises FenceLostError."""
    if not await store.release(worker, [(claimed.thread_id, claimed.token)], HELD_S):
        raise FenceLostError(claimed.thread_id, claimed.token)


async def every(
    seconds: float, work: Callable[[], Awaitable[Any]], what: str, again_s: float | None = None
) -> None:
    """Do `work` again and again until cancelled; what it raises is said once, and tried again.

    `again_s`: how long to wait after a failure instead.
    """
    outage = Outage(what)
    pause = seconds
    while True:
        await asyncio.sleep(pause)
        try:
            await work()
            outage.is_over()
            pause = seconds
        except Exception as error:
            outage.goes_on(error)
            pause = seconds if again_s is None else again_s


async def _first(stopping: asyncio.Task[Any], wait: Coroutine[Any, Any, Any]) -> None:
    """Wait for one of two things; the second is forgotten where the first comes first."""
    waiting = asyncio.ensure_future(wait)
    await asyncio.wait([stopping, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
