"""The ledger of services: only what was cleared, once, or a human is asked."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from gate_events.digest import step_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Step
from gate_events.words import DecisionKind, RequestKind, Resolution, StepStatus
from gate_store.claims import Claim, Grant
from gate_store.clearances import record_cleared
from gate_store.doubts import UnknownClearanceError, doubt_about, stale_question
from gate_store.engine.port import NotClearedError
from gate_store.ledger import claim_effect, finish_effect, prior_effects
from gate_store.tables import effects
from tests.store.acting import ask, decide, look_at_doubts, said, state_of, verdict_of
from tests.store.examples import HOUR, NOON, STEPS, asked, cleared, decided, plan_id

PLAN = cleared()
SECOND = timedelta(seconds=1)
STEP = STEPS[0]


@pytest.fixture
def plan(conn: Connection) -> None:
    record_cleared(conn, [PLAN], NOON)


def claim(conn: Connection, step: Step = STEP, by: str = "w1", at: datetime = NOON, **more: Any) -> Claim:
    made = claim_effect(conn, PLAN.plan_id, PLAN.digest, step, by, at, **more)
    look_at_doubts(conn)
    return made


def finish(conn: Connection, held: Claim, status: StepStatus = StepStatus.SUCCEEDED, **more: Any) -> bool:
    ended = finish_effect(conn, held, status, NOON, **more)
    look_at_doubts(conn)
    return ended


def state(conn: Connection) -> str:
    return str(conn.execute(select(effects.c.state).where(effects.c.step_id == "s1")).scalar_one())


def doubts(conn: Connection) -> list[ApprovalRequested]:
    return [each for each in said(conn, ApprovalRequested) if each.kind is RequestKind.IN_DOUBT]


def test_nothing_is_done_that_nothing_cleared(conn: Connection) -> None:
    with pytest.raises(NotClearedError, match="s1"):
        claim(conn)
    assert conn.execute(select(effects)).all() == []


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(
    "step",
    [
        Step(step_id="s9", action_type="email.send"),
        Step(step_id="s1", action_type="email.send", arguments={"to": "mallory@example.org"}),
        Step(step_id="s1", action_type="pay", arguments=dict(STEP.arguments)),
    ],
)
def test_a_step_other_than_the_cleared_one_is_refused(conn: Connection, step: Step) -> None:
    with pytest.raises(NotClearedError):
        claim(conn, step)


@pytest.mark.usefixtures("plan")
def test_a_clearance_covers_its_own_plan_alone(conn: Connection) -> None:
    with pytest.raises(NotClearedError):
        claim_effect(conn, plan_id("other"), PLAN.digest, STEP, "w1", NOON)


@pytest.mark.usefixtures("plan")
def test_a_done_step_gives_its_result_instead_of_being_done_again(conn: Connection) -> None:
    held = claim(conn)
    assert (held.grant, held.key) == (Grant.GO, effect_key(PLAN.plan_id, "s1"))
    assert finish(conn, held, result={"id": 7})
    again = claim(conn, by="w2", at=NOON + 9 * HOUR)
    assert (again.grant, again.result, again.token) == (Grant.SUCCEEDED, {"id": 7}, 0)
    assert not finish(conn, held, StepStatus.FAILED)
    assert state(conn) == "SUCCEEDED"


@pytest.mark.usefixtures("plan")
def test_a_failed_step_is_not_repeated_blindly(conn: Connection) -> None:
    finish(conn, claim(conn), StepStatus.FAILED, detail="refused \x00 by the bank")
    again = claim(conn, by="w2")
    assert (again.grant, again.detail) == (Grant.FAILED, "refused \ufffd by the bank")


@pytest.mark.usefixtures("plan")
def test_a_failed_idempotent_step_is_tried_again_with_its_key(conn: Connection) -> None:
    first = claim(conn)
    finish(conn, first, StepStatus.FAILED)
    second = claim(conn, by="w2", idempotent=True)
    assert (second.grant, second.key) == (Grant.GO, first.key)
    assert conn.execute(select(effects.c.attempts)).scalar_one() == 2
    assert finish(conn, second)


@pytest.mark.usefixtures("plan")
def test_a_step_in_other_hands_is_busy(conn: Connection) -> None:
    claim(conn, lease_s=60)
    assert claim(conn, by="w2", at=NOON + 59 * SECOND, lease_s=60).grant is Grant.BUSY
    assert state(conn) == "CLAIMED"


@pytest.mark.usefixtures("plan")
def test_a_step_that_a_crashed_service_began_becomes_a_question(conn: Connection) -> None:
    claim(conn)
    lost = claim(conn, by="w2", at=NOON + HOUR)
    assert (lost.grant, state(conn)) == (Grant.IN_DOUBT, "IN_DOUBT")
    [question] = doubts(conn)
    assert (question.digest, question.steps, question.attempt) == (PLAN.digest, PLAN.steps, 1)
    assert question.in_doubt is not None
    assert question.in_doubt.step_id == "s1"
    assert "w1 began it at 2026-11-24 12:00:00 UTC" in question.review.groups[0].text
    assert claim(conn, by="w2", at=NOON + 2 * HOUR).grant is Grant.IN_DOUBT
    assert len(doubts(conn)) == 1


@pytest.mark.usefixtures("plan")
def test_a_crashed_idempotent_step_is_repeated_and_the_zombie_ends_nothing(conn: Connection) -> None:
    zombie = claim(conn)
    second = claim(conn, by="w2", idempotent=True)
    assert second.grant is Grant.GO
    assert not finish(conn, zombie, StepStatus.FAILED)
    assert finish(conn, second)


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(
    ("resolution", "grant"),
    [
        (Resolution.HAPPENED, Grant.SUCCEEDED),
        (Resolution.RETRY, Grant.GO),
        (Resolution.ABANDON, Grant.FAILED),
    ],
)
def test_a_human_settles_the_doubt(conn: Connection, resolution: Resolution, grant: Grant) -> None:
    claim(conn)
    claim(conn, by="w2", at=NOON + HOUR)
    [question] = doubts(conn)
    ask(conn, question)
    decide(conn, decided(question, DecisionKind.RESOLVE, at=NOON + HOUR, resolution=resolution))
    assert claim(conn, by="w2", at=NOON + HOUR).grant is grant


@pytest.mark.usefixtures("plan")
def test_a_second_doubt_about_a_step_is_a_new_question(conn: Connection) -> None:
    claim(conn)
    claim(conn, by="w2", at=NOON + HOUR)
    [question] = doubts(conn)
    ask(conn, question)
    decide(conn, decided(question, DecisionKind.RESOLVE, at=NOON + HOUR, resolution=Resolution.RETRY))
    claim(conn, by="w2", at=NOON + HOUR)
    claim(conn, by="w3", at=NOON + 2 * HOUR)
    assert [each.attempt for each in doubts(conn)] == [1, 2]


@pytest.mark.usefixtures("plan")
def test_a_slow_executor_that_reports_after_all_closes_the_question(conn: Connection) -> None:
    slow = claim(conn)
    claim(conn, by="w2", at=NOON + HOUR)
    [question] = doubts(conn)
    ask(conn, question)
    assert finish(conn, slow, result="sent")
    [closing] = said(conn, DecisionMade)
    assert (closing.request_id, closing.kind) == (question.request_id, DecisionKind.SUPERSEDE)
    assert claim(conn, by="w2").result == "sent"


@pytest.mark.usefixtures("plan")
def test_a_question_that_opens_after_the_report_is_closed(conn: Connection) -> None:
    slow = claim(conn)
    claim(conn, by="w2", at=NOON + HOUR)
    assert finish(conn, slow)
    [question] = doubts(conn)
    ask(conn, question)
    [closing] = said(conn, DecisionMade)
    assert (closing.request_id, closing.kind) == (question.request_id, DecisionKind.SUPERSEDE)


@pytest.mark.usefixtures("plan")
def test_a_doubt_while_the_last_question_is_being_closed_is_a_new_question(conn: Connection) -> None:
    """The old gate is still open, but its end is on the way."""
    held = claim(conn, idempotent=True)
    finish(conn, held, StepStatus.IN_DOUBT)
    ask(conn, *doubts(conn))
    finish(conn, held, StepStatus.FAILED)
    finish(conn, claim(conn, idempotent=True), StepStatus.IN_DOUBT)
    first, second = doubts(conn)
    ask(conn, second)
    decide(conn, *said(conn, DecisionMade))
    assert (state_of(conn, first), state_of(conn, second)) == ("SUPERSEDED", "PENDING")


@pytest.mark.usefixtures("plan")
def test_an_executor_that_cannot_tell_asks_a_human(conn: Connection) -> None:
    assert finish(conn, claim(conn), StepStatus.IN_DOUBT, detail="the connection broke\x00")
    [question] = doubts(conn)
    assert question.in_doubt is not None
    assert question.in_doubt.known == "the connection broke\ufffd"
    assert claim(conn).grant is Grant.IN_DOUBT


@pytest.mark.usefixtures("plan")
def test_a_service_says_nothing_itself(conn: Connection) -> None:
    """Its doubts are asked about, and their questions ended, by the gatekeeper alone."""
    held = claim_effect(conn, PLAN.plan_id, PLAN.digest, STEP, "w1", NOON)
    claim_effect(conn, PLAN.plan_id, PLAN.digest, STEP, "w2", NOON + HOUR)
    assert state(conn) == "IN_DOUBT"
    assert said(conn, ApprovalRequested) == []
    look_at_doubts(conn)
    ask(conn, *doubts(conn))
    assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON)
    assert said(conn, DecisionMade) == []
    look_at_doubts(conn)
    look_at_doubts(conn)
    assert len(said(conn, DecisionMade)) == 1


@pytest.mark.usefixtures("plan")
def test_skipped_is_no_end_of_an_effect(conn: Connection) -> None:
    with pytest.raises(ValueError, match="SKIPPED"):
        finish(conn, claim(conn), StepStatus.SKIPPED)


def test_a_stale_verdict_begins_nothing_but_what_was_begun_may_end(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, at=NOON))
    late = NOON + HOUR
    with pytest.raises(NotClearedError, match="held until"):
        claim_effect(conn, request.plan_id, request.digest, STEP, "w1", late)
    assert claim_effect(conn, request.plan_id, request.digest, STEP, "w1", late - SECOND).grant is Grant.GO
    assert claim_effect(conn, request.plan_id, request.digest, STEPS[1], "w1", late).grant is Grant.GO


def test_an_edited_plan_is_doubted_as_it_ran_and_asked_again_as_it_was_asked(conn: Connection) -> None:
    request = asked(reviewers=("ada",))
    ask(conn, request)
    decide(conn, decided(request, DecisionKind.EDIT, steps=STEPS[:1]))
    verdict = verdict_of(conn, request)
    question = doubt_about(conn, verdict.digest, STEP, "it was begun", NOON)
    assert (question.revision, question.digest, question.steps) == (2, verdict.digest, STEPS[:1])
    assert question.review.terms.reviewers == ("ada",)
    again = stale_question(conn, verdict.digest, NOON + HOUR)
    assert (again.revision, again.digest, again.attempt) == (1, request.digest, 2)


def test_nothing_is_asked_about_what_nothing_cleared(conn: Connection) -> None:
    with pytest.raises(UnknownClearanceError, match="0000"):
        doubt_about(conn, "0" * 64, STEP, "", NOON)
    record_cleared(conn, [PLAN], NOON)
    with pytest.raises(UnknownClearanceError):
        stale_question(conn, PLAN.digest, NOON)


def test_prior_effects_are_the_newest_within_their_windows(conn: Connection) -> None:
    for n, at in (("old", NOON), ("new", NOON + HOUR), ("failed", NOON + 2 * HOUR)):
        one = cleared(plan_id(n))
        record_cleared(conn, [one], NOON)
        for step, key in zip(STEPS, ("mail:a", "mail:b"), strict=True):
            claim_effect(conn, one.plan_id, one.digest, step, "w", at, window_key=key)
    conn.execute(
        update(effects).where(effects.c.plan_id == plan_id("failed")).values(state="FAILED", finished_at=NOON)
    )
    now = NOON + 2 * HOUR
    found = prior_effects(conn, [("mail:a", 7200), ("mail:b", 60), ("mail:c", 7200)], now)
    assert found == {"mail:a": (NOON + HOUR, plan_id("new"), step_digest(plan_id("new"), STEPS[0]))}
    assert prior_effects(conn, [], now) == {}


def test_many_prior_effects_are_asked_in_one_go(conn: Connection) -> None:
    assert prior_effects(conn, [(f"k{i}'\"{{}}\\", 60) for i in range(10_000)], NOON) == {}


def test_a_request_built_elsewhere_reads_the_same(conn: Connection) -> None:
    record_cleared(conn, [PLAN], NOON)
    question = doubt_about(conn, PLAN.digest, STEP, "it was begun", NOON)
    assert msgspec.json.decode(msgspec.json.encode(question), type=ApprovalRequested) == question


def test_a_doubt_is_told_in_the_catalogues_words(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request))
    question = doubt_about(conn, request.digest, STEPS[0], "its worker died", NOON)
    text = question.review.groups[0].text
    assert text.startswith("Step s1 (email.send) may or may not have happened: its worker died.")
    assert "It is part of: Send 2 emails." in text
