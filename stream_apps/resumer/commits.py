"""Group commit: whatever all runs have waiting goes down in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from gate_store.engine.port import Act, EngineStore, FateUnknownError
from stream_apps.metrics import resumed
from stream_apps.resumer.outage import Outage

log = logging.getLogger(__name__)

Waiting = tuple[Act, "asyncio.Future[None]"]
AT_ONCE = 256
GATHERING = 3  # turns of the event loop at most


class Commits:
    """One flusher. Acts queue up while a flush is under way; the next starts when the last returned.

    Each waiter gets its own result: a refusal concerns its act alone. Where the fate of a commit is unknown
    (the connection dropped), each act is looked up before anything is tried again; its run waits until then.
    """

    def __init__(
        self, store: EngineStore, on_outbox: Callable[[], None] = lambda: None, pause_s: float = 0.2
    ) -> None:
        self._store = store
        self._on_outbox = on_outbox
        self._pause_s = pause_s
        self._waiting: list[Waiting] = []
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._outage = Outage("writing runs")

    def start(self) -> None:
        """Start the flusher on the running loop."""
        self._task = asyncio.create_task(self._flush_forever(), name="resumer-commits")

    async def close(self, within_s: float) -> None:
        """Write what waits, then stop; after `within_s` without: a store that is gone must hold up no end.

        What was not written then is settled by the next claim of its run, once the lease is over.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._waiting and self._task and not self._task.done():
                    await asyncio.wait([future for _, future in self._waiting])
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def submit(self, act: Act) -> "asyncio.Future[None]":
        """Queue an act; the future is done when it is durable or refused."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, future))
        self._more.set()
        return future

    async def _flush_forever(self) -> None:
        while True:
            await self._more.wait()
            await self._gather()
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            if not self._waiting:
                self._more.clear()
            if batch:
                await self._flush(batch)

    async def _gather(self) -> None:
        """Let the runs that are about to queue an act do so: fewer, larger commits, and no timer."""
        for _ in range(GATHERING):
            before = len(self._waiting)
            await asyncio.sleep(0)
            if len(self._waiting) == before:
                return

    async def _flush(self, batch: list[Waiting]) -> None:
        while batch:
            try:
                results: Sequence[Exception | None] = await self._store.flush([act for act, _ in batch])
            except FateUnknownError as error:
                self._outage.goes_on(error)
                batch = await self._undone(batch)
                continue
            except Exception as error:  # a fault of ours must reach the runs, not end the flusher
                log.exception("%d acts were not written", len(batch))
                results = [error] * len(batch)
            else:
                self._outage.is_over()
            for (act, future), refused in zip(batch, results, strict=True):
                self._settle(act, future, refused)
            return

    async def _undone(self, batch: list[Waiting]) -> list[Waiting]:
        """The acts that are not in the store; the others are settled."""
        undone = []
        await asyncio.sleep(self._pause_s)
        for act, future in batch:
            if await self._fate(act):
                self._settle(act, future, None)
            else:
                undone.append((act, future))
        return undone

    async def _fate(self, act: Act) -> bool:
        while True:
            try:
                return await self._store.fate(act)
            except Exception as error:
                self._outage.goes_on(error)
                await asyncio.sleep(self._pause_s)

    def _settle(self, act: Act, future: "asyncio.Future[None]", refused: Exception | None) -> None:
        if refused is None and act.outbox:
            self._on_outbox()
        if refused is None and act.end:
            resumed(act.end.status)
        if future.done():
            return  # its run was cancelled
        if refused is None:
            future.set_result(None)
        else:
            future.set_exception(refused)
