"""What is known of what executed plans did: their outcomes, and what the ledger learned since."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from gate_events.records import PlanExecuted, StepResult
from gate_store.cleared_plans import TOLD_AS, ClearedPlan, KnownEffect, cleared_plans
from gate_store.dialects import among, read, whole
from gate_store.tables import clearances, plan_outcomes


def what_happened(conn: Connection, plan_ids: Collection[UUID]) -> dict[str, PlanExecuted]:
    """The last outcome of each digest of these plans, with what the ledger says where it says anything."""
    found = conn.execute(
        select(whole(plan_outcomes.c.record))
        .join_from(plan_outcomes, clearances, clearances.c.digest == plan_outcomes.c.digest)
        .where(clearances.c.plan_id == plan_outcomes.c.plan_id)
        .where(among(conn, plan_outcomes.c.plan_id, plan_ids))
        .order_by(plan_outcomes.c.attempt)
    )
    last = {told.digest: told for told in (read(record, PlanExecuted) for record in found.scalars())}
    plans = cleared_plans(conn, last)
    return {digest: _by_ledger(told, plans[digest]) for digest, told in last.items()}


def _by_ledger(told: PlanExecuted, plan: ClearedPlan) -> PlanExecuted:
    said = {result.step_id: result for result in told.results}
    for step_id, known in plan.effects.items():
        said[step_id] = _result(step_id, known, said.get(step_id), told.executed_at)
    return msgspec.structs.replace(told, results=tuple(said.values()))


def _result(step_id: str, known: KnownEffect, said: StepResult | None, at: datetime) -> StepResult:
    """The state that the ledger holds; what nobody wrote there stays as it was told."""
    status = TOLD_AS[known.state]
    if said is None:
        return StepResult(step_id=step_id, status=status, result=known.result, finished_at=at)
    result = said.result if known.result is None else known.result
    return msgspec.structs.replace(said, status=status, result=result)
