"""The steps of a plan that a service executes begin in the order that was approved."""

from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection, insert, select

from gate_events.digest import plan_digest, step_digest
from gate_events.ids import derived
from gate_events.records import PlanCleared
from gate_events.values import Step
from gate_events.words import StepStatus
from gate_store.claims import Claim, Grant
from gate_store.clearances import record_cleared
from gate_store.engine.port import OutOfOrderError
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.tables import clearances, cleared_steps, effects
from tests.store.examples import NOON, cleared, executed, plan_id

PLAN = plan_id()


def step(name: str, to: str = "ann", after: tuple[str, ...] | None = None) -> Step:
    return Step(step_id=name, action_type="email.send", arguments={"to": to}, after=after)


def let_run(conn: Connection, *steps: Step, revision: int = 1) -> PlanCleared:
    plan = msgspec.structs.replace(
        cleared(PLAN, steps=steps),
        event_id=derived("cleared", PLAN, revision),
        revision=revision,
        digest=plan_digest(PLAN, revision, steps, None),
    )
    record_cleared(conn, [plan], NOON)
    return plan


def claim(conn: Connection, plan: PlanCleared, name: str) -> Claim:
    asked = next(one for one in plan.steps if one.step_id == name)
    return claim_effect(conn, PLAN, plan.digest, asked, "w1", NOON)


def do(conn: Connection, plan: PlanCleared, name: str, status: StepStatus = StepStatus.SUCCEEDED) -> None:
    held = claim(conn, plan, name)
    assert held.grant is Grant.GO
    assert finish_effect(conn, held, status, NOON)


def begun(conn: Connection) -> set[UUID]:
    return set(conn.execute(select(effects.c.effect_id)).scalars())


def test_a_step_is_not_granted_before_one_that_stands_before_it(conn: Connection) -> None:
    plan = let_run(conn, step("s1"), step("s2"))
    with pytest.raises(OutOfOrderError, match="step s1 stands before it and has not begun; do the steps in"):
        claim(conn, plan, "s2")
    assert begun(conn) == set()
    assert claim(conn, plan, "s1").grant is Grant.GO
    assert claim(conn, plan, "s2").grant is Grant.GO


@pytest.mark.parametrize("ended", [StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.IN_DOUBT])
def test_a_step_that_began_stands_in_nobodys_way_however_it_ended(
    conn: Connection, ended: StepStatus
) -> None:
    plan = let_run(conn, step("s1"), step("s2"))
    do(conn, plan, "s1", ended)
    assert claim(conn, plan, "s2").grant is Grant.GO


def test_a_step_waits_for_those_alone_that_its_plan_names(conn: Connection) -> None:
    plan = let_run(
        conn, step("s1"), step("s2", after=()), step("s3", after=("s1",)), step("s4", after=("s1", "s2"))
    )
    assert claim(conn, plan, "s2").grant is Grant.GO
    for name in ("s3", "s4"):
        with pytest.raises(OutOfOrderError, match="step s1 stands before it"):
            claim(conn, plan, name)
    assert claim(conn, plan, "s1").grant is Grant.GO
    assert claim(conn, plan, "s4").grant is Grant.GO
    assert claim(conn, plan, "s3").grant is Grant.GO


def test_a_step_of_an_earlier_revision_counts_where_its_content_is_the_same(conn: Connection) -> None:
    first = let_run(conn, step("s1"))
    do(conn, first, "s1")
    record_outcomes(conn, [executed(first)], NOON)
    assert claim(conn, let_run(conn, step("s1"), step("s2"), revision=2), "s2").grant is Grant.GO


def test_a_step_of_an_earlier_revision_does_not_count_with_other_content(conn: Connection) -> None:
    first = let_run(conn, step("s1"))
    do(conn, first, "s1")
    record_outcomes(conn, [executed(first)], NOON)
    second = let_run(conn, step("s1", to="bob"), step("s2"), revision=2)
    with pytest.raises(OutOfOrderError, match="step s1 stands before it"):
        claim(conn, second, "s2")


def test_what_an_earlier_revision_began_does_not_stand_for_what_is_new_before_it(conn: Connection) -> None:
    first = let_run(conn, step("s1"), step("s2"))
    do(conn, first, "s1")
    do(conn, first, "s2")
    record_outcomes(conn, [executed(first)], NOON)
    second = let_run(conn, step("s1", to="bob"), step("s2"), step("s3"), revision=2)
    with pytest.raises(OutOfOrderError, match="step s1 stands before it"):
        claim(conn, second, "s3")
    do(conn, second, "s1")
    assert claim(conn, second, "s3").grant is Grant.GO


def test_what_the_version_before_cleared_is_held_to_no_order(conn: Connection) -> None:
    steps = (step("s1"), step("s2"))
    plan = cleared(PLAN, steps=steps)
    row = {
        "digest": plan.digest, "plan_id": PLAN, "revision": 1, "gate_id": None, "cleared_at": NOON,
        "use_by": None, "attempt": 1, "record": plan,
    }  # fmt: skip
    conn.execute(insert(clearances).values(row))
    for one in steps:
        values = {"digest": plan.digest, "step_id": one.step_id, "step_digest": step_digest(PLAN, one)}
        conn.execute(insert(cleared_steps).values(values))
    assert claim(conn, plan, "s2").grant is Grant.GO
