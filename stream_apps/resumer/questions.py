"""What a resumer asks people: a verdict that came too late, an effect whose result nobody knows."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import Step
from gate_events.words import RequestKind, Timing
from gate_store.dialects import read, whole
from gate_store.engine.port import ClaimedRun
from gate_store.in_doubt import in_doubt_request
from gate_store.tables import clearances, gates
from gate_store.verdicts import asked_again


class Questions:
    """Builds requests from what the plan was asked or cleared with, as the store has it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ask_again(self, run: ClaimedRun, now: datetime) -> ApprovalRequested:
        """The plan's question once more, its attempt one higher."""
        request = await asyncio.to_thread(self._asked, run.plan_id)
        if request is None:
            raise LookupError(f"plan {run.plan_id} has a use-by, but was never asked about")
        return asked_again(request, now)

    async def ask_in_doubt(self, run: ClaimedRun, step: Step, known: str, now: datetime) -> ApprovalRequested:
        """Whether the effect of `step` happened; each doubt about it is a gate of its own."""
        origin = await asyncio.to_thread(self._origin, run.plan_id)
        effect = run.effects.get(step.step_id)
        return in_doubt_request(
            origin,
            step=step,
            known=known,
            now=now,
            attempt=effect.attempts if effect else 1,
            revision=run.answer.revision,
            digest=run.answer.digest,
            steps=run.answer.steps,
        )

    def _origin(self, plan_id: UUID) -> ApprovalRequested | PlanCleared:
        asked = self._asked(plan_id)
        if asked is not None:
            return asked
        query = select(whole(clearances.c.record)).where(
            clearances.c.plan_id == plan_id, clearances.c.gate_id.is_(None)
        )
        with self._engine.connect() as conn:
            return read(conn.execute(query).scalar_one(), PlanCleared)

    def _asked(self, plan_id: UUID) -> ApprovalRequested | None:
        query = (
            select(whole(gates.c.request))
            .where(
                gates.c.plan_id == plan_id,
                gates.c.kind == RequestKind.PLAN.value,
                gates.c.timing == Timing.BEFORE.value,
            )
            .order_by(gates.c.revision.desc(), gates.c.attempt.desc())
            .limit(1)
        )
        with self._engine.connect() as conn:
            found = conn.execute(query).scalar()
        return None if found is None else read(found, ApprovalRequested)
