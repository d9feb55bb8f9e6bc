"""A newer revision revokes an older clearance none of whose effects has begun; a begun one ends first."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided, PlanProposed
from gate_events.words import DecisionKind, GateState, OutcomeStatus, StepStatus
from gate_store.claims import Grant
from gate_store.dispositions import Fate
from gate_store.engine.port import NotClearedError
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.queries import show
from gate_store.tables import executions, outbox, revocations
from stream_apps.gatekeeper.commit import commit_batch
from tests.claims.gate import (
    CATALOGUE,
    asked,
    cleared,
    commit,
    open_questions,
    proposed,
    refusals,
    routed,
    step,
)
from tests.store.acting import ask_again, decide, fates, said, state_of
from tests.store.examples import HOUR, NOON, decided, executed

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
OLD = proposed(step("look", what="old"))
NEW = proposed(step("look", what="new"), revision=2)
PAY = proposed(step("pay", what="old"))
PAY_MORE = proposed(step("pay", what="new"), revision=2)


def revoked(conn: Connection, word: PlanDecided) -> bool:
    return word.digest in conn.execute(select(revocations.c.digest)).scalars()


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


def test_a_verdict_that_a_stop_holds_lets_nothing_run_once_it_is_revoked(conn: Connection) -> None:
    commit(conn, routed(PAY))
    decide(conn, decided(asked(PAY)))
    assert [(each.state, each.execute) for each in said(conn, PlanDecided)] == [(GateState.APPROVED, True)]
    commit(conn, routed(PAY_MORE))
    assert [(each.digest, each.state, each.execute) for each in said(conn, PlanDecided)] == [
        (asked(PAY).digest, GateState.APPROVED, False),
        (asked(PAY).digest, GateState.SUPERSEDED, False),
    ]


def test_a_verdict_that_kafka_has_is_not_said_once_more(conn: Connection) -> None:
    commit(conn, routed(PAY))
    decide(conn, decided(asked(PAY)))
    conn.execute(delete(outbox))
    commit(conn, routed(PAY_MORE))
    assert [each.state for each in said(conn, PlanDecided)] == [GateState.SUPERSEDED]


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
    finish_effect(conn, begun, StepStatus.SUCCEEDED, NOON)
    record_outcomes(conn, [executed(old)], NOON)
    assert begin(conn, new, NEW.steps[0]) is not Grant.BUSY


@pytest.mark.parametrize("status", [OutcomeStatus.BEGUN, OutcomeStatus.NOT_RUN, OutcomeStatus.FAILED])
@pytest.mark.parametrize("answer", [DecisionKind.APPROVE, DecisionKind.REJECT])
def test_no_word_that_nothing_was_done_yet_keeps_an_approval_alive_or_holds_up_the_newer(
    conn: Connection, status: OutcomeStatus, answer: DecisionKind
) -> None:
    old, later = asked(PAY), NOON + 6 * MINUTE
    commit(conn, old)
    decide(conn, decided(old))
    word = executed(old, status, StepStatus.SKIPPED)
    assert refusals(commit_batch(conn, [word], CATALOGUE, later, [later])) == []
    commit(conn, routed(PAY_MORE))
    [newer] = said(conn, ApprovalRequested)
    decide(conn, decided(newer, answer))
    with pytest.raises(NotClearedError, match="revision 2 of the plan took its place"):
        begin(conn, old, PAY.steps[0])
    if answer is DecisionKind.APPROVE:
        assert begin(conn, newer, PAY_MORE.steps[0]) is Grant.GO


def test_what_a_service_without_the_ledger_did_has_begun(conn: Connection) -> None:
    commit(conn, routed(OLD))
    record_outcomes(conn, [executed(routed(OLD))], NOON)
    commit(conn, routed(NEW))
    assert conn.execute(select(revocations)).all() == []
    assert begin(conn, routed(NEW), NEW.steps[0]) is Grant.GO


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(minutes=3)])
@pytest.mark.parametrize("said_first", [True, False])
def test_a_service_is_at_a_plan_by_the_brokers_moments_whatever_the_gatekeepers_clock_says(
    conn: Connection, behind: timedelta, said_first: bool
) -> None:
    old, cleared_at = asked(PAY), NOON + MINUTE
    begun = executed(old, OutcomeStatus.BEGUN, StepStatus.SKIPPED)
    said_at = cleared_at + (-SECOND if said_first else SECOND)
    for record, at in ((old, NOON), (decided(old, at=cleared_at), cleared_at), (begun, said_at)):
        commit_batch(conn, [record], CATALOGUE, said_at - behind, [at])
    assert ask_again(conn, cleared_at + HOUR) == (1 if said_first else 0)


def test_a_beginning_that_is_heard_late_is_no_later_for_that(conn: Connection) -> None:
    old = routed(OLD)
    begun = executed(old, OutcomeStatus.BEGUN)
    for at in (NOON + MINUTE, NOON):
        record_outcomes(conn, [begun], NOON + 2 * MINUTE, appended=[at])
    [row] = conn.execute(select(executions)).all()
    assert (row.heard_at, row.begun_at) == (NOON + MINUTE, NOON)


def test_a_redelivered_older_revision_comes_back_to_no_life(conn: Connection) -> None:
    commit(conn, routed(OLD))
    commit(conn, routed(NEW), routed(OLD))
    with pytest.raises(NotClearedError):
        begin(conn, routed(OLD), OLD.steps[0])


@pytest.mark.parametrize("newer", [PAY_MORE, NEW], ids=["asked about", "cleared by the router"])
@pytest.mark.parametrize("approved", ["before it", "after it"])
@pytest.mark.parametrize("batches", [1, 2])
def test_an_approval_beside_a_newer_revision_lets_nothing_of_the_older_run(
    conn: Connection, newer: PlanProposed, approved: str, batches: int
) -> None:
    """The word that the newer one took its place is still on its way."""
    commit(conn, routed(PAY))
    both: list[object] = [routed(newer), decided(asked(PAY))]
    both = both if approved == "after it" else both[::-1]
    for batch in [both] if batches == 1 else [[each] for each in both]:
        commit(conn, *batch)
    assert [each for each in said(conn, PlanDecided) if each.execute and not revoked(conn, each)] == []
    with pytest.raises(NotClearedError):
        begin(conn, asked(PAY), PAY.steps[0])


@pytest.mark.parametrize("kind", [DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.WITHDRAW])
def test_a_decision_on_what_a_newer_revision_replaced_is_late_and_says_so(
    conn: Connection, kind: DecisionKind
) -> None:
    commit(conn, routed(PAY))
    commit(conn, routed(PAY_MORE))
    by = "billing-service" if kind is DecisionKind.WITHDRAW else "ada"
    [late] = decide(conn, decided(asked(PAY), kind, by))
    assert late.fate is Fate.LATE
    assert late.why == "revision 2 of the plan took its place: look at that one"
    [word] = [each for each in said(conn, DecisionMade) if each.kind is DecisionKind.SUPERSEDE]
    assert fates(decide(conn, word)) == [Fate.DECIDED]
    assert state_of(conn, asked(PAY)) == "SUPERSEDED"


def test_a_newer_revision_that_nobody_could_judge_replaces_nothing(conn: Connection) -> None:
    commit(conn, routed(PAY))
    hidden = cleared(proposed(step("pay"), revision=2, proposer="billing-\u200bservice"))
    assert "leave it out" in refusals(commit(conn, hidden))[0]
    assert fates(decide(conn, decided(asked(PAY)))) == [Fate.DECIDED]
