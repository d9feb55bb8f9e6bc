"""What a store holds, as the tests ask for it."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, insert, select, update

from gate_events.codec import decode, framed
from gate_events.records import PlanCleared, PlanExecuted, PlanProposed, StepResult
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.afterwards import outcome_row
from gate_store.database import open_store
from gate_store.tables import outbox, plan_outcomes, runs
from gate_store.uncounted_outcomes import Heard


def run_of(store_url: str, thread_id: str) -> Any:
    return _rows(store_url, select(runs).where(runs.c.thread_id == thread_id))[0]


def published(store_url: str) -> list[PlanProposed]:
    found = _rows(store_url, select(outbox).order_by(outbox.c.id))
    assert {row.record for row in found} <= {"PlanProposed"}
    return [decode(framed(row.body, PlanProposed, None), PlanProposed) for row in found]


def take_over(store_url: str, thread_id: str) -> None:
    """What another worker does to a run whose lease is over."""
    store = open_store(store_url)
    with store.begin() as conn:
        taken = update(runs).values(token=runs.c.token + 1, worker="another")
        conn.execute(taken.where(runs.c.thread_id == thread_id))
    store.dispose()


def end(store: Engine, plan: PlanCleared) -> None:
    """What the gatekeeper notes when the plan's outcome is told."""
    with store.begin() as conn:
        results = tuple(
            StepResult(step_id=step.step_id, status=StepStatus.SUCCEEDED, finished_at=plan.cleared_at)
            for step in plan.steps
        )
        ended = PlanExecuted(
            event_id=uuid4(),
            plan_id=plan.plan_id,
            revision=plan.revision,
            digest=plan.digest,
            executed_at=plan.cleared_at,
            executor="one",
            status=OutcomeStatus.DONE,
            results=results,
        )
        conn.execute(insert(plan_outcomes).values(**outcome_row(Heard(ended, plan.cleared_at, None))))


def _rows(store_url: str, query: Any) -> Any:
    store = open_store(store_url)
    try:
        with store.begin() as conn:
            return conn.execute(query).all()
    finally:
        store.dispose()
