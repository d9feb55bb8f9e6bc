"""A newer revision revokes an older clearance none of whose effects has begun; a begun one ends first."""

import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, PlanDecided
from gate_events.words import DecisionKind, GateState, StepStatus
from gate_store.claims import Grant
from gate_store.engine.port import NotClearedError
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.queries import show
from gate_store.tables import revocations
from tests.claims.gate import asked, commit, open_questions, proposed, refusals, routed, step
from tests.store.acting import decide, said, state_of
from tests.store.examples import NOON, decided, executed

OLD = proposed(step("look", what="old"))
NEW = proposed(step("look", what="new"), revision=2)
PAY = proposed(step("pay", what="old"))
PAY_MORE = proposed(step("pay", what="new"), revision=2)


def begin(conn: Connection, plan: object, step_: object) -> Grant:
    return claim_effect(conn, plan.plan_id, plan.digest, step_, "mailer", NOON).grant  # type: ignore[attr-defined, arg-type]


def test_what_nobody_began_is_revoked_and_said(conn: Connection) -> None:
    commit(conn, routed(OLD))
    commit(conn, routed(NEW))
    assert conn.execute(select(revocations.c.digest, revocations.c.by_digest)).all() == [
        (routed(OLD).digest, routed(NEW).digest)
    ]
    [word] = [each for each in said(conn, PlanDecided) if each.state is GateState.SUPERSEDED]
    assert (word.digest, word.execute, word.note) == (
        routed(OLD).digest,
        False,
        "revision 2 of the plan took its place",
    )
    with pytest.raises(NotClearedError, match="revision 2 of the plan took its place"):
        begin(conn, routed(OLD), OLD.steps[0])
    assert begin(conn, routed(NEW), NEW.steps[0]) is Grant.GO


@pytest.mark.parametrize("answer", [DecisionKind.APPROVE, DecisionKind.REJECT])
def test_an_approval_is_revoked_by_a_newer_question_whatever_becomes_of_that(
    conn: Connection, answer: DecisionKind
) -> None:
    commit(conn, routed(PAY))
    decide(conn, decided(asked(PAY)))
    commit(conn, routed(PAY_MORE))
    [newer] = said(conn, ApprovalRequested)  # shown as a revision: in our own words
    assert [gate.gate_id for gate in open_questions(conn)] == [newer.request_id]
    decide(conn, decided(newer, answer))
    assert state_of(conn, asked(PAY)) == "APPROVED"
    shown = show(conn, PAY.plan_id)
    assert shown is not None
    assert [(each["gate_id"], each["why"]) for each in shown["revocations"]] == [
        (str(asked(PAY).request_id), "revision 2 of the plan took its place")
    ]
    assert newer.digest == asked(PAY_MORE).digest
    with pytest.raises(NotClearedError, match="took its place"):
        begin(conn, asked(PAY), PAY.steps[0])


def test_what_was_begun_ends_first_and_the_newer_waits(conn: Connection) -> None:
    old, new = routed(OLD), routed(NEW)
    commit(conn, old)
    begun = claim_effect(conn, old.plan_id, old.digest, OLD.steps[0], "mailer", NOON)
    assert refusals(commit(conn, new)) == []
    assert conn.execute(select(revocations)).all() == []
    assert begin(conn, new, NEW.steps[0]) is Grant.BUSY
    finish_effect(conn, old.plan_id, OLD.steps[0], begun, StepStatus.SUCCEEDED, NOON)
    record_outcomes(conn, [executed(old)], NOON)
    assert begin(conn, new, NEW.steps[0]) is not Grant.BUSY


def test_a_redelivered_older_revision_comes_back_to_no_life(conn: Connection) -> None:
    commit(conn, routed(OLD))
    commit(conn, routed(NEW), routed(OLD))
    with pytest.raises(NotClearedError):
        begin(conn, routed(OLD), OLD.steps[0])
