"""Keeps child processes alive: what exits is started again, with growing pauses; SIGTERM ends all cleanly.

SIGHUP ends all cleanly, too, where there is something new for them, and starts them again.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tenacity import RetryCallState
from tenacity.wait import wait_exponential

from plangate.worker.parent import PARENT

log = logging.getLogger("plangate.supervisor")

STEADY_S = 30.0  # a child that lived this long starts again at once
STOP_S = 30.0  # then SIGKILL


@dataclass(frozen=True)
class Child:
    """A Python module to run as a process of its own."""

    name: str
    module: str
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """The command line; -P keeps modules of the folder it runs in from standing before ours."""
        return [sys.executable, "-P", "-m", self.module, *self.arguments]


class Supervisor:
    """Runs children until `stop` is set. `restarts` counts those that had to be started again.

    `reload` is called at SIGHUP; it says whether the children shall start anew. `on_end` is called with the
    name of each child that ended, before it is started again.
    """

    def __init__(
        self,
        children: Sequence[Child],
        steady_s: float = STEADY_S,
        reload: Callable[[], bool] = lambda: False,
        on_end: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.restarts = 0
        self.ended = {child.name: "has not started yet" for child in children}  # why not; empty: it lives
        self._on_end = on_end
        self._children = children
        self._steady_s = steady_s
        self._stop = asyncio.Event()
        self._reload = reload
        self._anew = {child.name: asyncio.Event() for child in children}

    async def run(self) -> None:
        """Start all, keep all, and return when all have ended after a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._look_again)
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(self._keep(child))

    def _look_again(self) -> None:
        if self._reload():
            for anew in self._anew.values():
                anew.set()

    async def _keep(self, child: Child) -> None:
        failures = 0
        while not self._stop.is_set():
            started = time.monotonic()
            self._anew[child.name].clear()
            process = await _start(child)
            self.ended[child.name] = ""
            await self._until_it_ends_or_is_to_end(child, process)
            self.ended[child.name] = f"ended with {process.returncode}"
            self._on_end(child.name)
            if self._stop.is_set():
                return
            if self._anew[child.name].is_set():
                continue
            failures = 1 if time.monotonic() - started > self._steady_s else failures + 1
            self.restarts += 1
            pause = _pause(failures)
            log.warning("%s ended with %s; it starts again in %.1f s", child.name, process.returncode, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _until_it_ends_or_is_to_end(self, child: Child, process: asyncio.subprocess.Process) -> None:
        ended = asyncio.create_task(process.wait())
        told = [asyncio.create_task(each.wait()) for each in (self._stop, self._anew[child.name])]
        await asyncio.wait({ended, *told}, return_when=asyncio.FIRST_COMPLETED)
        for each in told:
            each.cancel()
        if not ended.done():
            await _end(child, process, ended)


async def _start(child: Child) -> asyncio.subprocess.Process:
    environment = {**os.environ, **child.environment, PARENT: str(os.getpid())}
    return await asyncio.create_subprocess_exec(*child.command, env=environment)


async def _end(child: Child, process: asyncio.subprocess.Process, ended: "asyncio.Task[int]") -> None:
    process.terminate()
    done, _ = await asyncio.wait({ended}, timeout=STOP_S)
    if not done:
        log.warning("%s did not end within %s s of SIGTERM; killed", child.name, STOP_S)
        process.kill()
        await ended


def _pause(failures: int) -> float:
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type] # only the count is read
    state.attempt_number = failures
    return float(wait_exponential(multiplier=0.2, max=10)(state))
