"""Plans that ran without asking first, and what became of plans."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, func, select, update

from gate_events.digest import plan_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus, Timing
from gate_store.clearances import record_cleared
from gate_store.database import utc_now
from gate_store.decisions import apply_decisions
from gate_store.dialects import on_postgres
from gate_store.outcomes import record_outcomes
from gate_store.tables import clearances, effects, plan_outcomes, runs
from tests.store.acting import as_edited, ask, clear, compensated, decide, run_of, said, state_of, verdict_of
from tests.store.examples import (
    AFTER,
    HOUR,
    NOON,
    asked,
    asked_in_doubt,
    cleared,
    decided,
    executed,
    review,
    run,
)


def test_a_cleared_plan_wakes_its_run(conn: Connection) -> None:
    plan = cleared(run=run())
    clear(conn, plan)
    row = run_of(conn)
    assert (row.status, row.digest, row.use_by) == ("READY", plan.digest, None)
    assert (row.answer["state"], len(row.answer["steps"])) == ("APPROVED", 2)


def test_a_redelivered_clearance_wakes_nobody_twice(conn: Connection) -> None:
    clear(conn, cleared(run=run()), cleared(run=run()))
    conn.execute(update(runs).values(status="DONE"))
    clear(conn, cleared(run=run()))
    assert run_of(conn).status == "DONE"
    assert conn.execute(select(func.count()).select_from(clearances)).scalar() == 1


def test_the_first_outcome_of_a_plan_is_kept(conn: Connection) -> None:
    failed = executed(cleared(), OutcomeStatus.FAILED, StepStatus.FAILED)
    record_outcomes(conn, [failed, executed(cleared())], NOON)
    record_outcomes(conn, [executed(cleared())], NOON)
    assert conn.execute(select(plan_outcomes.c.status)).scalars().all() == ["FAILED"]


def window_keys(steps: object) -> dict[str, str]:
    return {"s1": "mail:a"}


@pytest.mark.parametrize("outcome_first", [False, True])
def test_effects_of_a_service_are_noted_and_its_review_is_asked(
    conn: Connection, outcome_first: bool
) -> None:
    plan = cleared(review=review(allowed=AFTER))
    acts: list[Callable[[], object]] = [
        lambda: record_cleared(conn, [plan], NOON, window_keys),
        lambda: record_outcomes(conn, [executed(plan)], executed(plan).executed_at, window_keys),
    ]
    for act in reversed(acts) if outcome_first else acts:
        act()
    rows = {row.step_id: row for row in conn.execute(select(effects))}
    assert {row.effect_id for row in rows.values()} == {effect_key(plan.plan_id, s) for s in ("s1", "s2")}
    assert (rows["s1"].state, rows["s1"].window_key, rows["s2"].window_key) == ("SUCCEEDED", "mail:a", None)
    [asked_after] = said(conn, ApprovalRequested)
    assert (asked_after.timing, asked_after.digest) == (Timing.AFTER, plan.digest)
    executed_at = executed(plan).executed_at
    assert asked_after.requested_at == executed_at
    assert asked_after.review.terms.deadline == executed_at + HOUR
    ask(conn, asked_after)
    decide(conn, decided(asked_after, DecisionKind.CONFIRM))
    assert not verdict_of(conn, asked_after).execute


def test_effects_of_a_run_are_the_resumers_to_note(conn: Connection) -> None:
    plan = cleared(run=run())
    record_cleared(conn, [plan], NOON)
    record_outcomes(conn, [executed(plan)], NOON)
    assert conn.execute(select(func.count()).select_from(effects)).scalar() == 0


def test_a_plan_that_did_not_run_is_not_reviewed(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    record_cleared(conn, [plan], NOON)
    record_outcomes(conn, [executed(plan, OutcomeStatus.NOT_RUN, StepStatus.SKIPPED)], NOON)
    assert said(conn, ApprovalRequested) == []
    assert conn.execute(select(func.count()).select_from(effects)).scalar() == 0


def test_an_outcome_that_nothing_cleared_leaves_no_effects(conn: Connection) -> None:
    record_outcomes(conn, [executed(cleared())], NOON)
    assert conn.execute(select(func.count()).select_from(effects)).scalar() == 0
    assert conn.execute(select(func.count()).select_from(plan_outcomes)).scalar() == 1


def test_an_open_question_about_an_executed_plan_is_closed(conn: Connection) -> None:
    first, again = asked(), asked(attempt=2)
    ask(conn, first)
    decide(conn, decided(first))
    ask(conn, again)
    record_outcomes(conn, [executed(first)], NOON)
    [closing] = said(conn, DecisionMade)
    decide(conn, closing)
    assert state_of(conn, again) == "SUPERSEDED"


def test_a_question_that_comes_after_its_plan_was_executed_is_closed(conn: Connection) -> None:
    first, request = asked(), asked(attempt=2)
    ask(conn, first)
    decide(conn, decided(first))
    record_outcomes(conn, [executed(first)], NOON)
    ask(conn, request)
    [closing] = said(conn, DecisionMade)
    decide(conn, closing)
    assert state_of(conn, request) == "SUPERSEDED"


def test_a_service_that_cannot_tell_how_a_step_ended_asks_a_human(conn: Connection) -> None:
    plan = cleared()
    record_cleared(conn, [plan], NOON)
    told = executed(plan, OutcomeStatus.FAILED, StepStatus.IN_DOUBT)
    for _ in range(2):
        record_outcomes(conn, [told], NOON)
    questions = said(conn, ApprovalRequested)
    assert [each.in_doubt.step_id for each in questions] == ["s1", "s2"]
    ask(conn, questions[0])
    decide(conn, decided(questions[0], DecisionKind.RESOLVE, resolution=Resolution.HAPPENED))
    state = select(effects.c.state).where(effects.c.step_id == "s1")
    assert conn.execute(state).scalar_one() == "SUCCEEDED"


@pytest.mark.parametrize("cleared_first", [False, True])
def test_a_cleared_revision_closes_the_question_about_an_older_one(
    conn: Connection, cleared_first: bool
) -> None:
    old, new = asked(), at_revision(2, cleared())
    acts: list[Callable[[], object]] = [lambda: ask(conn, old), lambda: record_cleared(conn, [new], NOON)]
    for act in reversed(acts) if cleared_first else acts:
        act()
    [closing] = said(conn, DecisionMade)
    decide(conn, closing)
    assert state_of(conn, old) == "SUPERSEDED"


def at_revision(revision: int, plan: PlanCleared) -> PlanCleared:
    digest = plan_digest(plan.plan_id, revision, plan.steps, plan.run)
    return msgspec.structs.replace(plan, revision=revision, digest=digest)


def test_an_undo_sees_what_its_plan_did(conn: Connection) -> None:
    seen: list[PlanExecuted | None] = []

    def undo(request: ApprovalRequested, decision: DecisionMade, outcome: PlanExecuted | None) -> str:
        seen.append(outcome)
        return "it cannot be taken back"

    plan = cleared(review=review(allowed=AFTER))
    record_cleared(conn, [plan], NOON)
    record_outcomes(conn, [executed(plan)], NOON)
    [after] = said(conn, ApprovalRequested)
    ask(conn, after)
    [refused] = decide(conn, decided(after, DecisionKind.UNDO), undo=undo)
    assert seen == [executed(plan)]
    assert (refused.why, state_of(conn, after)) == ("it cannot be taken back", "PENDING")


def test_a_gatekeeper_whose_clock_is_ahead_makes_no_run_wait(conn: Connection) -> None:
    """Claims go by the database's clock. SQLite has none of its own: there all share the machine's."""
    ahead = utc_now() + timedelta(hours=1)
    clear(conn, cleared(run=run()), at=ahead)
    in_the_future = run_of(conn).not_before > utc_now() + timedelta(minutes=1)
    assert in_the_future == (not on_postgres(conn))


def test_nor_does_the_word_on_a_doubt(conn: Connection) -> None:
    ahead, plan = utc_now() + timedelta(hours=1), cleared(run=run())
    clear(conn, plan)
    conn.execute(update(runs).values(status="IN_DOUBT"))
    doubt = asked_in_doubt(plan.plan_id, run=run())
    ask(conn, doubt)
    word = decided(doubt, DecisionKind.RESOLVE, resolution=Resolution.RETRY)
    apply_decisions(conn, [word], ahead, as_edited, compensated)
    row = run_of(conn)
    assert row.status == "READY"
    assert (row.not_before > utc_now() + timedelta(minutes=1)) == (not on_postgres(conn))
