"""Outcomes that come together do not spoil each other."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.records import PlanExecuted, StepResult
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.tables import effects, plan_outcomes
from stream_apps.gatekeeper.commit import commit_batch
from tests.claims.gate import CATALOGUE, asked, commit, proposed, refusals, routed, step
from tests.store.examples import NOON, decided, plan_id

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


def test_an_outcome_from_before_the_approval_tells_nothing_however_late_both_are_read(
    conn: Connection,
) -> None:
    """The broker's moments count, not when a gatekeeper that was away came to them."""
    request = asked(proposed(step("pay"), name="paid"))
    commit(conn, request)
    early = msgspec.structs.replace(HONEST, plan_id=request.plan_id, digest=request.digest)
    approval = msgspec.structs.replace(decided(request), decided_at=NOON + _MINUTE)
    commit_batch(conn, [early, approval], CATALOGUE, NOON + 2 * _MINUTE, [NOON, NOON + _MINUTE])
    assert conn.execute(select(effects.c.state)).all() == []


def test_an_outcome_from_before_the_routers_word_tells_nothing_either(conn: Connection) -> None:
    lie = msgspec.structs.replace(HONEST, event_id=plan_id("the lie"), status=OutcomeStatus.FAILED)
    told = [NOON, NOON + _MINUTE, NOON + 2 * _MINUTE]
    committed = commit_batch(conn, [lie, routed(PLAN), HONEST], CATALOGUE, NOON + 3 * _MINUTE, told)
    assert list(committed.refused) == [0]
    assert conn.execute(select(plan_outcomes.c.event_id)).scalars().all() == [HONEST.event_id]


_MINUTE = timedelta(minutes=1)
