"""A store that was restored from a backup: what may have happened since begins in doubt, and only that."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided
from gate_events.words import DecisionKind, OutcomeStatus, RequestKind, Resolution, StepStatus
from gate_store.claims import Claim, Grant
from gate_store.doubt_pages import TOLD_WITHIN
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.restores import LostPlan
from gate_store.restoring import Lost, Noted, Since, note_lost
from gate_store.routed_plans import known_plans
from gate_store.tables import effects, lost_plans
from tests.store.acting import ask, clear, decide, look_at_doubts, run_of, said
from tests.store.examples import HOUR, NOON, STEPS, asked, cleared, decided, executed, plan_id, run

LOST = Lost(NOON - HOUR, NOON, idempotent={"note"})
LATER = NOON + 2 * TOLD_WITHIN


def restored(conn: Connection, *plans: LostPlan, lost: Lost = LOST, **log: Any) -> Noted:
    return note_lost(conn, lost, Since(plans, **log), NOON)


def claim(conn: Connection, plan: PlanCleared | ApprovalRequested, step: int = 0, **more: Any) -> Claim:
    return claim_effect(conn, plan.plan_id, plan.digest, plan.steps[step], "w1", LATER, **more)


def questions(conn: Connection) -> list[ApprovalRequested]:
    return [each for each in said(conn, ApprovalRequested) if each.kind is RequestKind.IN_DOUBT]


def answer(question: ApprovalRequested, resolution: Resolution, name: str = "") -> DecisionMade:
    return decided(question, DecisionKind.RESOLVE, resolution=resolution, at=LATER, name=name)


def test_a_plan_that_may_have_run_since_the_backup_is_asked_about_instead_of_repeated(
    conn: Connection,
) -> None:
    plan = cleared()
    restored(conn, LostPlan(plan.plan_id, told={plan.digest: {"s1": "mailer says SUCCEEDED"}}))
    clear(conn, plan)
    first, second = claim(conn, plan), claim(conn, plan, 1)
    assert (first.grant, second.grant) == (Grant.IN_DOUBT, Grant.IN_DOUBT)
    look_at_doubts(conn, LATER)
    one, two = questions(conn)
    text = one.review.groups[0].text
    assert "the store was restored from a backup of 2026-11-24 11:00:00 UTC" in text
    assert "does not know what was done from then until 2026-11-24 12:00:00" in text
    assert "on the log, mailer says SUCCEEDED." in text
    assert "mailer" not in two.review.groups[0].text
    assert "began it" not in text
    for question, resolution in ((one, Resolution.HAPPENED), (two, Resolution.RETRY)):
        ask(conn, question)
        decide(conn, answer(question, resolution), now=LATER)
    assert claim(conn, plan).grant is Grant.SUCCEEDED
    assert claim(conn, plan, 1).grant is Grant.GO


def test_a_plan_of_after_the_restore_runs_as_ever(conn: Connection) -> None:
    restored(conn, LostPlan(plan_id("another")))
    clear(conn, cleared())
    assert claim(conn, cleared()).grant is Grant.GO


def test_what_is_idempotent_is_simply_done(conn: Connection) -> None:
    steps = (msgspec.structs.replace(STEPS[0], action_type="note"), STEPS[1])
    plan = cleared(steps=steps)
    restored(conn, LostPlan(plan.plan_id))
    clear(conn, plan)
    assert claim(conn, plan, idempotent=True).grant is Grant.GO
    assert claim(conn, plan, 1).grant is Grant.IN_DOUBT


def test_an_outcome_on_the_log_settles_what_a_service_did_before_anybody_is_asked(conn: Connection) -> None:
    plan = cleared()
    restored(conn, LostPlan(plan.plan_id))
    clear(conn, plan)
    look_at_doubts(conn, NOON + TOLD_WITHIN / 2)
    assert questions(conn) == []
    assert record_outcomes(conn, [executed(plan)], NOON) == {}
    look_at_doubts(conn, LATER)
    assert questions(conn) == []
    assert [claim(conn, plan, step).grant for step in (0, 1)] == [Grant.SUCCEEDED] * 2


def test_an_outcome_that_comes_after_the_question_ends_it(conn: Connection) -> None:
    plan = cleared()
    restored(conn, LostPlan(plan.plan_id))
    clear(conn, plan)
    look_at_doubts(conn, LATER)
    for question in questions(conn):
        ask(conn, question)
    record_outcomes(conn, [executed(plan)], LATER)
    assert [each.kind for each in said(conn, DecisionMade)] == [DecisionKind.SUPERSEDE] * 2


def test_what_was_cleared_before_the_backup_and_has_not_ended_is_in_doubt_where_nobody_knows(
    conn: Connection,
) -> None:
    plan, over = cleared(), cleared(plan_id("over"))
    clear(conn, plan, over)
    held = claim(conn, plan)
    finish_effect(conn, held, StepStatus.SUCCEEDED, NOON)
    record_outcomes(conn, [executed(over, OutcomeStatus.FAILED, StepStatus.FAILED)], NOON)
    assert restored(conn).steps == 1
    assert claim(conn, plan).grant is Grant.SUCCEEDED
    assert claim(conn, plan, 1).grant is Grant.IN_DOUBT


def in_doubt(conn: Connection, plan: PlanCleared) -> ApprovalRequested:
    """A step whose executor cannot tell; its question."""
    clear(conn, plan)
    finish_effect(conn, claim(conn, plan), StepStatus.IN_DOUBT, NOON)
    look_at_doubts(conn)
    (question,) = questions(conn)
    ask(conn, question)
    return question


def test_an_answer_of_before_is_none_to_a_doubt_of_after(conn: Connection) -> None:
    """Of the same step, in the history that was lost: the RETRY was carried out then."""
    plan = cleared()
    with conn.begin_nested() as history:
        lost = in_doubt(conn, plan)
        history.rollback()
    restored(conn, LostPlan(plan.plan_id))
    decide(conn, answer(lost, Resolution.RETRY), now=LATER)  # it waits for its question
    clear(conn, plan)
    look_at_doubts(conn, LATER)
    for question in questions(conn):
        ask(conn, question)
    assert lost.request_id not in {each.request_id for each in questions(conn)}
    assert claim(conn, plan).grant is Grant.IN_DOUBT


def test_a_doubt_that_was_answered_since_the_backup_is_asked_anew(conn: Connection) -> None:
    plan = cleared()
    question = in_doubt(conn, plan)
    restored(conn, answered=[question.request_id])
    decide(conn, answer(question, Resolution.RETRY), now=LATER)  # it is on the log still
    assert claim(conn, plan).grant is Grant.IN_DOUBT
    look_at_doubts(conn, LATER)
    again = next(each for each in questions(conn)[1:] if each.in_doubt and each.in_doubt.step_id == "s1")
    assert again.attempt > question.attempt
    ask(conn, again)
    decide(conn, answer(again, Resolution.HAPPENED, "again"), now=LATER)
    assert claim(conn, plan).grant is Grant.SUCCEEDED


def test_a_doubt_that_nobody_answered_since_keeps_its_question(conn: Connection) -> None:
    plan = cleared()
    question = in_doubt(conn, plan)
    restored(conn)
    decide(conn, answer(question, Resolution.RETRY), now=LATER)
    assert claim(conn, plan).grant is Grant.GO


def test_what_a_human_let_be_tried_again_before_the_backup_may_have_been(conn: Connection) -> None:
    plan = cleared()
    question = in_doubt(conn, plan)
    decide(conn, answer(question, Resolution.RETRY), now=LATER)
    restored(conn)
    assert claim(conn, plan).grant is Grant.IN_DOUBT
    look_at_doubts(conn, LATER)
    assert {each.in_doubt.step_id for each in questions(conn)[1:] if each.in_doubt} == {"s1", "s2"}


def test_an_approval_that_waited_for_its_question_at_the_backup_may_have_had_it_since(
    conn: Connection,
) -> None:
    request = asked()
    decide(conn, decided(request, at=NOON))
    assert restored(conn).plans == 1
    ask(conn, request)
    assert claim(conn, request).grant is Grant.IN_DOUBT


def test_services_are_told_nothing_twice(conn: Connection) -> None:
    request = asked()
    approval = decided(request, at=NOON)
    with conn.begin_nested() as history:
        ask(conn, request)
        decide(conn, approval)
        (verdict,) = said(conn, PlanDecided)
        history.rollback()
    told = cleared(plan_id("told"))
    assert known_plans(conn, [told]).cleared == set()
    restored(conn, LostPlan(request.plan_id), verdicts=[verdict.event_id], cleared=[told.digest])
    ask(conn, request)
    decide(conn, approval)
    assert said(conn, PlanDecided) == []
    assert claim(conn, request).grant is Grant.IN_DOUBT
    assert known_plans(conn, [told]).cleared == {told.digest}


def test_nor_is_what_waits_in_the_outbox_though_it_was_published(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, at=NOON))
    (verdict,) = said(conn, PlanDecided)
    restored(conn, verdicts=[verdict.event_id])
    assert said(conn, PlanDecided) == []


def test_a_run_that_asks_anew_what_it_had_asked_repeats_nothing(conn: Connection) -> None:
    """Taken back to its checkpoint, it comes to a gate of its lost history under another plan id."""
    lost, first, second = plan_id("lost"), plan_id("first"), plan_id("second")
    noted = restored(conn, LostPlan(lost, "t1"), LostPlan(plan_id("other"), "t2"))
    assert (noted.plans, noted.runs) == (2, 2)
    clear(conn, cleared(first, run=run()))
    assert [row.state for row in rows(conn, first)] == ["CLAIMED", "CLAIMED"]
    record = cleared(second, run=run(checkpoint="c2"))
    clear(conn, record)
    assert rows(conn, second) == []  # the lost plan has had its turn
    assert conn.execute(select(lost_plans.c.redone_as).where(lost_plans.c.plan_id == lost)).scalar() == first


def test_a_plan_that_its_run_still_asks_is_the_same_plan(conn: Connection) -> None:
    plan = cleared(run=run())
    ask(conn, asked(run=run()))
    assert restored(conn, LostPlan(plan.plan_id, "t1")).runs == 0
    decide(conn, decided(asked(run=run()), at=NOON))
    assert [row.state for row in rows(conn, plan.plan_id)] == ["CLAIMED", "CLAIMED"]
    assert run_of(conn).status == "READY"


@pytest.mark.parametrize("again", [False, True])
def test_a_later_revision_of_the_plan_begins_what_an_older_one_had_not(conn: Connection, again: bool) -> None:
    plan = cleared()
    changed = (STEPS[0], msgspec.structs.replace(STEPS[1], arguments={"to": "c@example.org"}))
    newer = msgspec.structs.replace(
        plan,
        revision=2,
        steps=changed,
        event_id=derived("cleared", plan.plan_id, 2),
        digest=plan_digest(plan.plan_id, 2, changed, None),
    )
    restored(conn, LostPlan(plan.plan_id))
    clear(conn, plan)
    clear(conn, newer)
    if again:
        clear(conn, newer)
    assert len(rows(conn, plan.plan_id)) == 3  # s1, s2, and the other s2


def rows(conn: Connection, plan: Any) -> list[Any]:
    return list(conn.execute(select(effects).where(effects.c.plan_id == plan)))


def test_the_moments_are_the_operators(conn: Connection) -> None:
    first = restored(conn)
    second = restored(conn, lost=Lost(NOON, NOON + timedelta(hours=1)))
    assert (first, second) == (Noted(0, 0, 0), Noted(0, 0, 0))
