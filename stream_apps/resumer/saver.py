"""The saver that resumed graphs are compiled with: one for all runs of a process."""

import asyncio
import inspect
import random
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.engine.port import CheckpointPut, ClaimedRun, EngineStore, PackedPut, WritesPut
from stream_apps.resumer.errors import RunStoppedError
from stream_apps.resumer.outage import Outage
from stream_apps.resumer.run_state import RunState

ERROR, INTERRUPT, RESUME = "__error__", "__interrupt__", "__resume__"  # LangGraph's own channel names
ERROR_HANDLED = "__error_source_node__"
PLAN_MARK = "plangate_plan"
ANSWER_MARK = "plangate_answer"  # what the graph was told: whoever is asked again may answer otherwise

resuming: ContextVar[RunState] = ContextVar("plangate_resuming")


def answer_mark(claimed: ClaimedRun) -> str:
    """The answer that a graph goes on with: its state and its digest."""
    return f"{claimed.answer.state.value} {claimed.answer.digest}"


class RunSaver(BaseCheckpointSaver[str]):
    """Reads what the claim loaded and what was put since; puts wait in the run's buffer for a barrier.

    Which run that is, the context says (`resuming`), not the thread id: a worker that lost a run may have
    claimed it again while the old claim's nodes still come to their end. The saver itself never changes: in
    strict mode LangGraph compiles with a `copy.copy` of it. Outside of a resume a thread is read from the
    store, and nothing can be put to it.
    """

    def __init__(self, store: EngineStore, serde: SerializerProtocol) -> None:
        super().__init__(serde=serde)
        self._store = store
        self._outage = Outage("reading runs")
        self._loop = asyncio.get_running_loop()

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        """The checkpoint named in `config`, or the newest of its namespace."""
        at = config["configurable"]
        thread_id, ns = at["thread_id"], at.get("checkpoint_ns", "")
        checkpoint_id = at.get("checkpoint_id")
        run = resuming.get(None)
        if run is None or run.claimed.thread_id != thread_id:
            return await self._read(thread_id, ns, checkpoint_id)

        async def read(ns: str, checkpoint_id: str | None) -> CheckpointTuple | None:
            with run.limit.held():
                return await self._read(thread_id, ns, checkpoint_id)

        return await run.checkpoints.get(ns, checkpoint_id, read)

    async def _read(self, thread_id: str, ns: str, checkpoint_id: str | None) -> CheckpointTuple | None:
        """From the store, through outages: a store that is away is no fault of the graph."""
        found: CheckpointTuple | None = await self._outage.through(
            lambda: self._store.read(thread_id, ns, checkpoint_id)
        )
        return found

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        """Let a checkpoint wait for the next barrier, marked as written under this plan."""
        return self.put(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: Any, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Let a task's writes wait for the next barrier."""
        self.put_writes(config, writes, task_id, task_path)

    def get_tuple(self, config: Any) -> CheckpointTuple | None:
        """For a graph that a plain `def` node invokes from its thread."""
        return self._from_thread(self.aget_tuple(config))

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        """The same as `aput`."""
        run = self._run(config)
        marked = {**metadata, PLAN_MARK: str(run.claimed.plan_id), ANSWER_MARK: answer_mark(run.claimed)}
        own = run.checkpoints.put(config, checkpoint, marked)
        root = not config["configurable"].get("checkpoint_ns")
        put = self._packed(run, CheckpointPut(config, checkpoint, marked, new_versions))
        run.put(put, new_head=checkpoint["id"] if root else None)
        return own

    def put_writes(
        self, config: Any, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """The same as `aput_writes`.

        A node's unhandled error is not kept: with it LangGraph would keep the answer, and use it for good.
        """
        run = self._run(config)
        channels = {channel for channel, _ in writes}
        if ERROR in channels and ERROR_HANDLED not in channels:
            return
        run.interrupted = run.interrupted or INTERRUPT in channels
        run.checkpoints.put_writes(config, writes, task_id)
        run.put(self._packed(run, WritesPut(config, list(writes), task_id, task_path)))

    def get_next_version(self, current: str | None, channel: None = None) -> str:  # noqa: ARG002 - LangGraph's signature
        """Growing, and distinct where two workers write: as the official savers do."""
        number = 0 if current is None else int(str(current).split(".", maxsplit=1)[0])
        return f"{number + 1:032}.{random.random():016}"  # noqa: S311 - tells writers apart, guards nothing

    def try_restoring(self, run: RunState) -> None:
        """Raise NotRestoredError where whoever claims the run next would read another state than it has."""
        for known in run.checkpoints.newest():
            held = (known.checkpoint["channel_values"], known.pending_writes)
            self.serde.loads_typed(self.serde.dumps_typed(held))

    def _packed(self, run: RunState, put: CheckpointPut | WritesPut) -> PackedPut:
        try:
            return self._store.pack(put)
        except Exception as error:  # LangGraph would go on without this checkpoint: the run must not
            why = f"its state cannot be stored: {type(error).__name__}: {error}"
            run.stop(RunStoppedError(run.claimed.thread_id, why))
            raise

    def _run(self, config: Any) -> RunState:
        run = resuming.get(None)
        thread_id = config["configurable"]["thread_id"]
        if run is None or run.claimed.thread_id != thread_id:
            raise RunStoppedError(thread_id, "it is not the run that is being resumed here")
        return run

    def _from_thread(self, wanted: Coroutine[Any, Any, CheckpointTuple | None]) -> CheckpointTuple | None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run_coroutine_threadsafe(wanted, self._loop).result()
        wanted.close()
        raise RuntimeError("an async node must use `await subgraph.ainvoke(…)`, not `subgraph.invoke(…)`")


# LangGraph looks at this signature in every run; worked out anew it would be 3 % of a resume.
RunSaver.put_writes.__signature__ = inspect.signature(RunSaver.put_writes)  # type: ignore[attr-defined]
