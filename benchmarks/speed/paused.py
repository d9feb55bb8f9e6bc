"""Paused runs, made once: their plans, and their checkpoints as rows of LangGraph's own tables."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import asyncpg
import msgspec
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres.base import BasePostgresSaver

from benchmarks.speed.graph import graph
from gate_events.digest import plan_digest
from gate_events.ids import derived, plan_id_of_pause, request_id
from gate_events.pause import GateAnswer, answer_value
from gate_events.records import DecisionMade, PlanProposed
from gate_events.values import RunIdentity
from gate_events.words import DeciderKind, DecisionKind, GateState, RequestKind, Timing
from gate_store.engine.port import CheckpointPut, WritesPut
from gate_store.engine.postgres.puts import PutRows, pack
from gate_store.pauses import AtGate, proposal, read_pause

NAME = "speed"
_AT_ONCE = 16
_TABLES = {
    "checkpoint_blobs": ("thread_id", "checkpoint_ns", "channel", "version", "type", "blob"),
    "checkpoints": (
        "thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "checkpoint", "metadata",
    ),
    "checkpoint_writes": (
        "thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "task_path", "idx", "channel", "type",
        "blob",
    ),
}  # fmt: skip


@dataclass
class PausedRun:
    """A run at its gate."""

    plan: PlanProposed
    puts: list[PutRows] = field(repr=False)

    @property
    def run(self) -> RunIdentity:
        """Its pause."""
        assert self.plan.run is not None
        return self.plan.run

    @cached_property
    def digest(self) -> str:
        """What a decision must name."""
        return plan_digest(self.plan.plan_id, 1, self.plan.steps, self.plan.run)

    def approval(self, now: datetime) -> DecisionMade:
        """A human's yes."""
        gate = request_id(self.plan.plan_id, 1, RequestKind.PLAN, Timing.BEFORE)
        return DecisionMade(
            event_id=derived("speed", gate),
            request_id=gate,
            plan_id=self.plan.plan_id,
            revision=1,
            digest=self.digest,
            kind=DecisionKind.APPROVE,
            decided_at=now,
            decided_by="ana",
            decider=DeciderKind.PERSON,
        )

    def answer(self) -> dict[str, Any]:
        """What the graph is resumed with, by interrupt id."""
        verdict = GateAnswer(
            plan_id=self.plan.plan_id,
            revision=1,
            digest=self.digest,
            state=GateState.APPROVED,
            steps=self.plan.steps,
            decided_by="ana",
        )
        return {self.run.interrupt_id or "": answer_value(verdict)}


class _Recorder(InMemorySaver):
    """Keeps what AsyncPostgresSaver would have written."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[PutRows]] = {}
        self._postgres = BasePostgresSaver(serde=self.serde)

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        self._keep(CheckpointPut(config, checkpoint, metadata, new_versions))
        return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        self._keep(WritesPut(config, writes, task_id, task_path))
        await super().aput_writes(config, writes, task_id, task_path)

    def _keep(self, put: CheckpointPut | WritesPut) -> None:
        packed = pack(put, self._postgres)
        self.rows.setdefault(packed.thread_id, []).append(packed.rows)


async def make_paused(count: int, made: Callable[[], None]) -> list[PausedRun]:
    """Run the graph `count` times until its gate."""
    saver = _Recorder()
    compiled = graph.compile(checkpointer=saver)
    numbers = iter(range(count))
    runs: list[PausedRun] = []

    async def some() -> None:
        for number in numbers:
            runs.append(await _one(compiled, saver, f"speed-{number:06}"))
            made()

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
    return sorted(runs, key=lambda paused: paused.run.thread_id)


async def _one(compiled: Any, saver: _Recorder, thread: str) -> PausedRun:
    config = {"configurable": {"thread_id": thread, "plangate_graph": NAME}}
    await compiled.ainvoke({"task": thread}, config, durability="sync")
    pause = read_pause(compiled, NAME, await compiled.aget_state(config, subgraphs=True))
    assert isinstance(pause, AtGate), pause
    plan = proposal(pause, datetime.now(UTC))
    assert plan.plan_id == plan_id_of_pause(pause.run)
    await saver.adelete_thread(thread)
    return PausedRun(plan, saver.rows.pop(thread))


async def store_checkpoints(url: str, runs: Sequence[PausedRun]) -> None:
    """Write the runs' checkpoints into LangGraph's tables."""
    puts = [put for each in runs for put in each.puts]
    rows = {
        "checkpoint_blobs": list(dict.fromkeys(row for put in puts for row in put.blobs)),
        "checkpoints": [put.checkpoint for put in puts if put.checkpoint],
        "checkpoint_writes": [row for put in puts for row in put.writes],
    }
    connection = await asyncpg.connect(url)
    try:
        for table, columns in _TABLES.items():
            await connection.copy_records_to_table(table, records=rows[table], columns=columns)
    finally:
        await connection.close()


def answers_file(runs: Sequence[PausedRun]) -> bytes:
    """What the stock loop resumes: thread ids and answers, as JSON."""
    return msgspec.json.encode([(each.run.thread_id, each.answer()) for each in runs])
