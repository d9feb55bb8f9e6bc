"""Services that are slow, or never come back: nothing is begun twice, and nothing is forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DecisionKind, OutcomeStatus, RequestKind, Resolution, StepStatus
from gate_store.claims import Grant
from gate_store.clock import expiry
from gate_store.engine.port import NotClearedError
from gate_store.ledger import claim_effect, finish_effect, renew_claim
from gate_store.lost_claims import FORGOTTEN_AFTER, doubt_lost_claims
from gate_store.outcomes import record_outcomes
from gate_store.tables import effects
from tests.store.acting import ask, ask_again, clear, decide, said
from tests.store.examples import HOUR, NOON, STEPS, asked, cleared, decided, executed

MINUTE = timedelta(minutes=1)
LONG_AFTER = NOON + 30 * 24 * HOUR


@pytest.fixture
def approved(conn: Connection) -> ApprovalRequested:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, at=NOON))
    return request


def questions(conn: Connection, kind: RequestKind) -> list[ApprovalRequested]:
    return [each for each in said(conn, ApprovalRequested) if each.kind is kind]


def test_a_claim_that_is_renewed_is_nobody_elses(conn: Connection, approved: ApprovalRequested) -> None:
    plan = (approved.plan_id, approved.digest, STEPS[0])
    held = claim_effect(conn, *plan, "slow", NOON, lease_s=60)
    assert renew_claim(conn, held, NOON + MINUTE, 60)
    late = NOON + 1.5 * MINUTE
    assert claim_effect(conn, *plan, "other", late, lease_s=1).grant is Grant.BUSY
    assert doubt_lost_claims(conn, late) == 0
    assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON + 2 * MINUTE)
    assert questions(conn, RequestKind.IN_DOUBT) == []


def test_a_lost_claim_is_not_renewed(conn: Connection, approved: ApprovalRequested) -> None:
    held = claim_effect(conn, approved.plan_id, approved.digest, STEPS[0], "dead", NOON, lease_s=60)
    doubt_lost_claims(conn, LONG_AFTER)
    assert not renew_claim(conn, held, LONG_AFTER, 60)


def test_a_step_whose_process_never_comes_back_becomes_a_question_once(
    conn: Connection, approved: ApprovalRequested
) -> None:
    claim_effect(conn, approved.plan_id, approved.digest, STEPS[0], "dead", NOON, lease_s=60)
    end = NOON + MINUTE + FORGOTTEN_AFTER
    assert doubt_lost_claims(conn, end - timedelta(seconds=1)) == 0
    assert doubt_lost_claims(conn, end, idempotent={"email.send"}) == 0
    assert [doubt_lost_claims(conn, end), doubt_lost_claims(conn, end)] == [1, 0]
    [question] = questions(conn, RequestKind.IN_DOUBT)
    assert question.in_doubt is not None
    assert (question.in_doubt.step_id, question.in_doubt.known) == ("s1", "dead did not say how it ended")


def test_half_a_plan_is_asked_about_again_after_its_doubt_was_settled(
    conn: Connection, approved: ApprovalRequested
) -> None:
    claim_effect(conn, approved.plan_id, approved.digest, STEPS[0], "dead", NOON)
    assert ask_again(conn, LONG_AFTER) == 0  # the step may be under way
    doubt_lost_claims(conn, LONG_AFTER)
    assert ask_again(conn, LONG_AFTER) == 0  # a human is asked about it first
    [question] = questions(conn, RequestKind.IN_DOUBT)
    ask(conn, question)
    word = decided(
        question, at=LONG_AFTER, resolution=Resolution.HAPPENED, kind=question.review.terms.allowed[0]
    )
    decide(conn, word)
    assert [ask_again(conn, LONG_AFTER), ask_again(conn, LONG_AFTER)] == [1, 0]
    [again] = questions(conn, RequestKind.PLAN)
    assert (again.attempt, again.digest) == (2, approved.digest)
    ask(conn, again)
    decide(conn, decided(again, at=LONG_AFTER))
    rest = (approved.plan_id, approved.digest)
    assert claim_effect(conn, *rest, STEPS[0], "new", LONG_AFTER).grant is Grant.SUCCEEDED
    assert claim_effect(conn, *rest, STEPS[1], "new", LONG_AFTER).grant is Grant.GO


def test_a_begun_plan_goes_on_as_long_again_as_its_verdict_held(
    conn: Connection, approved: ApprovalRequested
) -> None:
    plan = (approved.plan_id, approved.digest)
    held = claim_effect(conn, *plan, STEPS[0], "one", NOON)
    finish_effect(conn, held, StepStatus.SUCCEEDED, NOON)
    second = timedelta(seconds=1)
    with pytest.raises(NotClearedError, match="go on until"):
        claim_effect(conn, *plan, STEPS[1], "one", NOON + 2 * HOUR)
    assert claim_effect(conn, *plan, STEPS[1], "one", NOON + 2 * HOUR - second).grant is Grant.GO


def test_a_service_that_says_it_has_begun_is_not_asked_about(
    conn: Connection, approved: ApprovalRequested
) -> None:
    late = NOON + HOUR
    begun = executed(approved, OutcomeStatus.BEGUN, StepStatus.SKIPPED)
    assert record_outcomes(conn, [begun], late - MINUTE) == {}
    assert ask_again(conn, late) == 0
    assert record_outcomes(conn, [begun], NOON + 2 * HOUR) == {}
    assert ask_again(conn, NOON + 2 * HOUR + MINUTE) == 0
    assert ask_again(conn, NOON + 3 * HOUR) == 1  # not heard of since


def test_what_ends_after_a_human_let_it_be_tried_again_is_not_tried_again(conn: Connection) -> None:
    plan = cleared()
    clear(conn, plan)
    held = claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "slow", NOON, lease_s=1)
    doubt_lost_claims(conn, NOON + HOUR)
    [question] = questions(conn, RequestKind.IN_DOUBT)
    ask(conn, question)
    kind = question.review.terms.allowed[0]
    decide(conn, decided(question, kind, at=NOON + HOUR, resolution=Resolution.RETRY))
    assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON + HOUR)
    assert conn.execute(select(effects.c.state)).scalars().all() == ["SUCCEEDED"]


def test_a_doubt_whose_question_expired_is_answered_by_the_one_in_its_place(
    conn: Connection, approved: ApprovalRequested
) -> None:
    claim_effect(conn, approved.plan_id, approved.digest, STEPS[0], "dead", NOON, lease_s=60)
    doubt_lost_claims(conn, LONG_AFTER)
    [first] = questions(conn, RequestKind.IN_DOUBT)
    ask(conn, first)
    decide(conn, expiry(first))
    second = questions(conn, RequestKind.IN_DOUBT)[-1]
    ask(conn, second)
    assert [word for word in said(conn, DecisionMade) if word.kind is DecisionKind.SUPERSEDE] == []
    answer = decided(second, DecisionKind.RESOLVE, resolution=Resolution.HAPPENED, at=second.requested_at)
    decide(conn, answer)
    assert conn.execute(select(effects.c.state)).scalars().all() == ["SUCCEEDED"]
