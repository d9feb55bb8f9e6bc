"""What a run left begun when it ended becomes a question; nothing that it left is done once more."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from gate_events.digest import step_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.words import DecisionKind, Resolution
from gate_store.bulk import insert_new
from gate_store.lost_claims import doubt_lost_claims
from gate_store.runs import register_run
from gate_store.tables import effects, runs
from tests.store.acting import ask, clear, decide, run_of, said
from tests.store.examples import HOUR, NOON, STEPS, cleared, decided, plan_id, run

PLAN = cleared(run=run())


def begun(conn: Connection, *plans: PlanCleared) -> None:
    """The runs of these plans claimed their first steps, and their worker died."""
    clear(conn, *plans)
    insert_new(conn, effects, [_claimed(plan) for plan in plans], "effect_id")


def _claimed(plan: PlanCleared) -> dict[str, Any]:
    step = plan.steps[0]
    return {
        "effect_id": effect_key(plan.plan_id, step.step_id),
        "plan_id": plan.plan_id,
        "digest": plan.digest,
        "step_id": step.step_id,
        "step_digest": step_digest(plan.plan_id, step),
        "action_type": step.action_type,
        "thread_id": plan.run.thread_id if plan.run else None,
        "token": 2,
        "executor": "resumer-1",
        "state": "CLAIMED",
        "attempts": 1,
        "detail": "",
        "claimed_at": NOON,
    }


def change_run(conn: Connection, **values: Any) -> None:
    conn.execute(update(runs).values(**values))


def only_effect(conn: Connection) -> Any:
    return conn.execute(select(effects)).one()


@pytest.mark.parametrize("status", ["DONE", "FAILED", "STALE"])
def test_what_a_run_left_begun_when_it_ended_is_asked_about_once(conn: Connection, status: str) -> None:
    begun(conn, PLAN)
    change_run(conn, status=status)
    assert [doubt_lost_claims(conn, NOON), doubt_lost_claims(conn, NOON)] == [1, 0]
    [question] = said(conn, ApprovalRequested)
    assert (question.digest, question.in_doubt.step_id) == (PLAN.digest, "s1")
    assert question.in_doubt.known == "resumer-1 did not say how it ended, and its run is over"
    assert "not done again, whatever you say" in question.review.groups[0].text
    assert (only_effect(conn).state, only_effect(conn).doubt_id) == ("IN_DOUBT", question.request_id)


def test_what_a_run_left_begun_when_it_went_on_to_another_plan_is_asked_about(conn: Connection) -> None:
    begun(conn, PLAN)
    change_run(conn, status="PAUSED", plan_id=plan_id("next"), answer=None, digest=None, use_by=None)
    assert doubt_lost_claims(conn, NOON) == 1


def test_what_a_run_left_begun_before_its_thread_was_taken_anew_is_asked_about(conn: Connection) -> None:
    begun(conn, PLAN)
    change_run(conn, status="FAILED")
    register_run(conn, "t1", "billing", "agent-1", 30, NOON)
    assert doubt_lost_claims(conn, NOON) == 1


@pytest.mark.parametrize(
    "goes_on",
    [
        {"status": "READY"},
        {"status": "IN_DOUBT"},
        {"status": "RUNNING", "token": 3, "worker": "resumer-2", "lease_until": NOON + HOUR},
        {"status": "PAUSED", "answer": None, "digest": None, "use_by": None},
    ],
    ids=lambda goes_on: goes_on["status"],
)
def test_what_a_run_began_is_its_own_while_it_goes_on(conn: Connection, goes_on: dict[str, Any]) -> None:
    begun(conn, PLAN)
    change_run(conn, **goes_on)
    assert doubt_lost_claims(conn, NOON + timedelta(days=1)) == 0
    assert only_effect(conn).state == "CLAIMED"


def test_an_idempotent_step_of_a_run_that_ended_is_asked_about_too_since_nobody_repeats_it(
    conn: Connection,
) -> None:
    begun(conn, PLAN)
    change_run(conn, status="FAILED")
    assert doubt_lost_claims(conn, NOON, {STEPS[0].action_type}) == 1


@pytest.mark.parametrize(
    ("resolution", "state"),
    [(Resolution.HAPPENED, "SUCCEEDED"), (Resolution.RETRY, "FAILED"), (Resolution.ABANDON, "FAILED")],
)
def test_the_answer_settles_what_a_run_left_and_the_run_stays_ended(
    conn: Connection, resolution: Resolution, state: str
) -> None:
    begun(conn, PLAN)
    change_run(conn, status="FAILED")
    doubt_lost_claims(conn, NOON)
    [question] = said(conn, ApprovalRequested)
    ask(conn, question)
    decide(conn, decided(question, DecisionKind.RESOLVE, resolution=resolution))
    left = only_effect(conn)
    assert (left.state, run_of(conn).status) == (state, "FAILED")
    assert ("it is not done again: its run is over" in left.detail) is (resolution is Resolution.RETRY)
