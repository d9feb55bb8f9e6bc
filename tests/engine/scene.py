"""A store with runs in it, as the gatekeeper leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import Engine, RowMapping, insert, select, update

from gate_events.digest import step_digest
from gate_events.ids import effect_key, plan_id_of_pause
from gate_events.order import steps_before
from gate_events.pause import GateAnswer
from gate_events.values import RunIdentity, Step
from gate_events.words import GateState, PauseKind
from gate_store.engine.port import Act, CheckpointPut, Intent, OutboxRow, Result, WritesPut
from gate_store.savers.open import open_saver
from gate_store.tables import clearances, cleared_actions, cleared_steps, effects, outbox, runs

# Fixed, so that nothing depends on when a test runs.
EARLIER = datetime(2001, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2101, 2, 3, 4, 5, tzinfo=UTC)

PATIENCE_S = 60.0  # on a machine that is busy with other tests


@dataclass(frozen=True)
class Paused:
    """A run that the scene made."""

    thread_id: str
    plan_id: UUID
    digest: str
    steps: tuple[Step, ...]
    pause: RunIdentity

    def intent(self, step_id: str = "s1", *, repeat: bool = False, **changes: Any) -> Intent:
        """The intent to do a step, as approved or with other arguments."""
        step = next(
            (s for s in self.steps if s.step_id == step_id), Step(step_id=step_id, action_type="mail")
        )
        step = msgspec.structs.replace(step, **changes)
        return Intent(
            effect_id=effect_key(self.plan_id, step.step_id),
            step=step,
            step_digest=step_digest(self.plan_id, step),
            window_key=None,
            repeat=repeat,
        )

    def result(self, state: str = "SUCCEEDED", value: Any = None, step_id: str = "s1") -> Result:
        """What became of a step."""
        return Result(effect_key(self.plan_id, step_id), state, "", value)


class Scene:
    """Writes what others write, reads what the engine wrote."""

    def __init__(self, store: Engine, url: str) -> None:
        self.store = store
        self.url = url

    async def ready(
        self,
        thread_id: str,
        *,
        cleared: bool = True,
        steps: int = 2,
        after: Sequence[tuple[str, ...] | None] = (),
        ordered: bool = True,
        noted: bool = True,
        **run: Any,
    ) -> Paused:
        """A READY run at a checkpoint with a pending interrupt; `run` overrides columns.

        `after` is that of the steps in turn; without `ordered`, or `noted`, the version before cleared them.
        """
        config = await self.pause(thread_id)
        pause = RunIdentity(
            graph="billing",
            graph_version="1",
            thread_id=thread_id,
            checkpoint_id=config["configurable"]["checkpoint_id"],
            kind=PauseKind.DYNAMIC,
            interrupt_id="i1",
        )
        plan_id = plan_id_of_pause(pause)
        made = tuple(
            Step(step_id=f"s{n}", action_type="mail", arguments={"to": n}, after=waits)
            for n, waits in enumerate(after or (None,) * steps, 1)
        )
        paused = Paused(thread_id, plan_id, plan_id.hex * 2, made, pause)
        self.clear(
            paused,
            use_by=run.get("use_by"),
            steps=made if cleared else (),
            ordered=ordered,
            noted=noted,
        )
        self.insert_run(paused, **run)
        return paused

    async def pause(self, thread_id: str) -> Any:
        """A checkpoint with a write pending on it, by LangGraph's saver."""
        async with open_saver(self.url) as saver:
            checkpoint = empty_checkpoint()
            checkpoint["channel_values"] = {"name": "alfa", "mails": [1, 2]}
            checkpoint["channel_versions"] = {"name": "1", "mails": "1"}
            start: Any = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
            config = await saver.aput(start, checkpoint, {"step": 1}, checkpoint["channel_versions"])
            await saver.aput_writes(config, [("__interrupt__", [{"plan": thread_id}])], "task-1", "~path")
        return config

    def clear(
        self,
        paused: Paused,
        *,
        use_by: datetime | None,
        steps: Sequence[Step],
        ordered: bool = True,
        noted: bool = True,
    ) -> None:
        """The plan's clearance; without `noted` by a version that did not say of which action types it is."""
        with self.store.begin() as conn:
            conn.execute(
                insert(clearances).values(
                    digest=paused.digest,
                    plan_id=paused.plan_id,
                    revision=1,
                    cleared_at=EARLIER,
                    use_by=use_by,
                    record={},
                )
            )
            for step in steps:
                conn.execute(
                    insert(cleared_steps).values(
                        digest=paused.digest,
                        step_id=step.step_id,
                        step_digest=step_digest(paused.plan_id, step),
                        after=steps_before(steps)[step.step_id] if ordered else None,
                    )
                )

            if steps and noted:
                for action_type in sorted({step.action_type for step in steps}):
                    conn.execute(
                        insert(cleared_actions).values(digest=paused.digest, action_type=action_type)
                    )

    def insert_run(self, paused: Paused, **columns: Any) -> None:
        """The run's row, READY unless said otherwise."""
        answer = GateAnswer(
            plan_id=paused.plan_id,
            revision=1,
            digest=paused.digest,
            state=GateState.APPROVED,
            steps=paused.steps,
            decided_by="ann",
        )
        row = {
            "thread_id": paused.thread_id,
            "graph": "billing",
            "status": "READY",
            "token": 0,
            "plan_id": paused.plan_id,
            "digest": paused.digest,
            "pause": msgspec.to_builtins(paused.pause),
            "answer": msgspec.to_builtins(answer),
            "attempts": 0,
            "not_before": EARLIER,
            "error": "",
            "created_at": EARLIER,
            "updated_at": EARLIER,
        }
        with self.store.begin() as conn:
            conn.execute(insert(runs).values({**row, **columns}))

    def change_run(self, thread_id: str, **columns: Any) -> None:
        """Write a run's columns."""
        with self.store.begin() as conn:
            conn.execute(update(runs).where(runs.c.thread_id == thread_id).values(**columns))

    def insert_effect(self, paused: Paused, step_id: str) -> None:
        """A step of the plan that was begun earlier."""
        intent = paused.intent(step_id)
        with self.store.begin() as conn:
            conn.execute(
                insert(effects).values(
                    effect_id=intent.effect_id,
                    plan_id=paused.plan_id,
                    digest=paused.digest,
                    step_id=step_id,
                    step_digest=intent.step_digest,
                    action_type=intent.step.action_type,
                    thread_id=paused.thread_id,
                    token=1,
                    executor="a",
                    state="CLAIMED",
                    attempts=1,
                    detail="",
                    claimed_at=EARLIER,
                )
            )

    def change_effect(self, effect_id: UUID, **columns: Any) -> None:
        """Write an effect's columns."""
        with self.store.begin() as conn:
            conn.execute(update(effects).where(effects.c.effect_id == effect_id).values(**columns))

    def run(self, thread_id: str) -> RowMapping:
        """The run's row."""
        with self.store.begin() as conn:
            return conn.execute(select(runs).where(runs.c.thread_id == thread_id)).mappings().one()

    def effects(self, paused: Paused) -> dict[str, RowMapping]:
        """The plan's effects by step."""
        with self.store.begin() as conn:
            rows = conn.execute(select(effects).where(effects.c.plan_id == paused.plan_id)).mappings()
            return {row["step_id"]: row for row in rows}

    def sent(self) -> list[str]:
        """Keys in the outbox."""
        with self.store.begin() as conn:
            return list(conn.execute(select(outbox.c.key).order_by(outbox.c.id)).scalars())


def checkpoint_put(head: Any, **values: Any) -> CheckpointPut:
    """The next checkpoint after `head` (a CheckpointTuple), with other values."""
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"name": "beta", "mails": [3], **values}
    checkpoint["channel_versions"] = dict.fromkeys(checkpoint["channel_values"], "2")
    return CheckpointPut(head.config, checkpoint, {"step": 2}, checkpoint["channel_versions"])


def writes_put(head: Any, *writes: tuple[str, Any]) -> WritesPut:
    """Writes pending on `head`."""
    return WritesPut(head.config, writes, "task-2", "~path")


def progress(run: Any, **act: Any) -> Act:
    """An act with one checkpoint, its head moved."""
    put = checkpoint_put(run.head)
    return Act(run.thread_id, run.token, puts=[put], new_head=put.checkpoint["id"], **act)


def letter(key: str) -> OutboxRow:
    """A record for the outbox."""
    return OutboxRow(uuid4(), "PlanExecuted", key, b"body")
