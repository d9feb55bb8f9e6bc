"""Outcomes that come together do not spoil each other."""

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.records import PlanExecuted, StepResult
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.tables import plan_outcomes
from tests.claims.gate import commit, proposed, refusals, routed
from tests.store.examples import NOON, plan_id

PLAN = proposed()
HONEST = PlanExecuted(
    event_id=plan_id("the outcome"),
    plan_id=PLAN.plan_id,
    revision=1,
    digest=plan_digest(PLAN.plan_id, 1, PLAN.steps, None),
    executed_at=NOON,
    executor="billing-service",
    status=OutcomeStatus.DONE,
    results=(StepResult(step_id="s1", status=StepStatus.SUCCEEDED, finished_at=NOON),),
)


@pytest.mark.parametrize("lie_first", [False, True], ids=["the lie last", "the lie first"])
def test_a_refused_outcome_takes_no_other_of_its_event_id_with_it(conn: Connection, lie_first: bool) -> None:
    commit(conn, routed(PLAN))
    lie = msgspec.structs.replace(HONEST, revision=9)
    both = [lie, HONEST] if lie_first else [HONEST, lie]
    committed = commit(conn, *both)
    assert list(committed.refused) == [both.index(lie)]
    assert refusals(committed) == [f"its digest is that of plan {PLAN.plan_id}, revision 1"]
    assert conn.execute(select(plan_outcomes.c.event_id)).scalars().all() == [HONEST.event_id]
