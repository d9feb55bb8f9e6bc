"""What plans would do is known as long as they wait, and forgotten with them."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_policy.route import route
from gate_store.planned_effects import PlannedEffect, waiting_effects
from gate_store.restores import LostPlan
from gate_store.restoring import Lost, Since, note_lost
from gate_store.tables import planned_effects
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.prior_effects import look_up_effects
from tests.claims.gate import CATALOGUE, cleared, commit, of_run, proposed, routed, step, waits
from tests.store.acting import decide, said
from tests.store.examples import HOUR, NOON, decided, executed

MAIL = step("mail", to="eva@example.org")
PAY = step("pay", number=2)
KEY, DAY_S = "mail:eva@example.org", 86_400
PLAN, ASKED = proposed(MAIL), proposed(MAIL, PAY)


def noted(conn: Connection) -> int:
    """How many rows a later plan with the same effect has to read."""
    return len(conn.execute(select(planned_effects).where(planned_effects.c.window_key == KEY)).all())


@pytest.mark.parametrize("status", [OutcomeStatus.DONE, OutcomeStatus.NOT_RUN])
def test_a_plan_waits_until_its_outcome_is_there(conn: Connection, status: OutcomeStatus) -> None:
    word = routed(PLAN)
    commit(conn, word)
    assert waiting_effects(conn, {KEY: DAY_S}, NOON).keys() == {KEY}
    step_status = StepStatus.SUCCEEDED if status is OutcomeStatus.DONE else StepStatus.SKIPPED
    commit(conn, executed(word, status, step_status))
    assert noted(conn) == 0


def test_a_plan_whose_outcome_came_first_never_waits(conn: Connection) -> None:
    commit(conn, executed(cleared(PLAN)))
    commit(conn, routed(PLAN))
    assert noted(conn) == 0


@pytest.mark.parametrize("kind", [DecisionKind.REJECT, DecisionKind.WITHDRAW])
def test_a_plan_that_may_not_run_waits_no_more(conn: Connection, kind: DecisionKind) -> None:
    request = routed(ASKED)
    assert isinstance(request, ApprovalRequested)
    commit(conn, request)
    assert waiting_effects(conn, {KEY: DAY_S}, NOON).keys() == {KEY}
    by = request.proposer if kind is DecisionKind.WITHDRAW else "ada"
    commit(conn, decided(request, kind, by))
    assert noted(conn) == 0


def test_an_approved_plan_waits_still(conn: Connection) -> None:
    request = routed(ASKED)
    assert isinstance(request, ApprovalRequested)
    commit(conn, request)
    commit(conn, decided(request))
    assert waiting_effects(conn, {KEY: DAY_S}, NOON).keys() == {KEY}


def test_a_plan_that_a_newer_revision_revoked_waits_no_more(conn: Connection) -> None:
    commit(conn, routed(PLAN))
    newer = msgspec.structs.replace(
        PLAN, revision=2, steps=(step(),), proposed_at=NOON + timedelta(minutes=1)
    )
    commit(conn, routed(newer))
    assert noted(conn) == 0
    assert not said(conn, ApprovalRequested)


def test_a_plan_that_nobody_carries_out_waits_no_longer_than_its_effect_would_count(conn: Connection) -> None:
    commit(conn, routed(PLAN))
    day = timedelta(seconds=DAY_S)
    assert waiting_effects(conn, {KEY: DAY_S}, NOON + day - timedelta(seconds=1))
    assert not waiting_effects(conn, {KEY: DAY_S}, NOON + day)
    honest = proposed(MAIL, name="a year later", proposed_at=NOON + 365 * day)
    word = route(honest, CATALOGUE, now=honest.proposed_at)
    assert commit_batch(conn, [word], CATALOGUE, honest.proposed_at).refused == {}


def test_an_approved_plan_waits_from_its_approval_on_and_while_it_may_still_run(conn: Connection) -> None:
    question = routed(ASKED)
    assert isinstance(question, ApprovalRequested)
    commit(conn, question)
    approved_at = NOON + 2 * HOUR
    decide(conn, decided(question, at=approved_at))
    hour_s = 3_600
    assert waiting_effects(
        conn, {KEY: hour_s}, approved_at + HOUR
    )  # it may be begun for an hour, and go on for one
    assert waiting_effects(conn, {KEY: DAY_S}, approved_at + 23 * HOUR)
    assert not waiting_effects(conn, {KEY: hour_s}, approved_at + 2 * HOUR)


def test_what_a_run_did_that_a_restored_store_does_not_know_counts_as_done(conn: Connection) -> None:
    lost = of_run(MAIL, thread="gone")
    planned = [PlannedEffect(lost.plan_id, "f" * 64, "s1", KEY, DAY_S)]
    note_lost(conn, Lost(NOON - HOUR, NOON), Since([LostPlan(lost.plan_id, "gone")], effects=planned), NOON)
    assert look_up_effects(conn, {(KEY, DAY_S)}, NOON)[KEY].waits is False
    assert look_up_effects(conn, {(KEY, DAY_S)}, NOON + timedelta(seconds=DAY_S)) == {}
    commit(conn, cleared(PLAN))  # by a router that did not look
    (asked,) = said(conn, ApprovalRequested)
    assert [each.check for each in asked.review.findings] == ["already done"]


def test_but_not_where_its_run_still_asks_it(conn: Connection) -> None:
    request = waits(conn, of_run(MAIL, PAY))
    commit(conn, request)
    planned = [PlannedEffect(request.plan_id, "f" * 64, "s1", KEY, DAY_S)]
    lost = Since([LostPlan(request.plan_id, "t1")], effects=planned)
    note_lost(conn, Lost(NOON - HOUR, NOON), lost, NOON)
    assert look_up_effects(conn, {(KEY, DAY_S)}, NOON)[KEY].waits is True
