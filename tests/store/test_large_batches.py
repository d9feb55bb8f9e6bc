"""What comes in bulk costs a handful of statements, however much of it comes."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, event, func, select, update

from gate_events.digest import plan_digest
from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted, PlanProposed
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store.awaited import ask_for_outcomes, settle_waiting_outcomes
from gate_store.clock import expiry
from gate_store.dispositions import Fate
from gate_store.ledger import claim_effect
from gate_store.lost_claims import doubt_lost_claims
from gate_store.outcomes import record_outcomes
from gate_store.tables import effects, runs
from gate_store.waiting_plans import settle_waiting_plans, wait
from tests.store.acting import ask, clear, decide, fates, said
from tests.store.examples import (
    AFTER,
    HOUR,
    NOON,
    STEPS,
    asked_afterwards,
    cleared,
    decided,
    executed,
    plan_id,
    review,
    run,
)
from tests.store.test_lost_claims import begun

MANY = 100
PLANS = [cleared(plan_id(f"many {number}"), review=review(allowed=AFTER)) for number in range(MANY)]
FAILED, IN_DOUBT = StepStatus.FAILED, StepStatus.IN_DOUBT


def told(step: StepStatus = StepStatus.SUCCEEDED, attempt: int = 1) -> list[PlanExecuted]:
    status = OutcomeStatus.DONE if step is StepStatus.SUCCEEDED else OutcomeStatus.FAILED
    outcomes = [executed(plan, status, step) for plan in PLANS]
    return [msgspec.structs.replace(each, attempt=attempt) for each in outcomes]


def second_revision(plan: PlanCleared) -> PlanCleared:
    digest = plan_digest(plan.plan_id, 2, plan.steps, plan.run)
    return msgspec.structs.replace(plan, revision=2, digest=digest, event_id=plan_id(f"{digest} cleared"))


def cost(conn: Connection, act: Callable[[], object]) -> int:
    """How many statements it takes."""
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(conn, "before_cursor_execute", note)
    act()
    event.remove(conn, "before_cursor_execute", note)
    return len(statements)


def states(conn: Connection) -> dict[str, int]:
    found = conn.execute(select(effects.c.state, func.count()).group_by(effects.c.state))
    return {row[0]: row[1] for row in found}


@pytest.mark.parametrize("step", [StepStatus.SUCCEEDED, FAILED, IN_DOUBT])
def test_outcomes_with_effects(conn: Connection, step: StepStatus) -> None:
    clear(conn, *PLANS)
    assert cost(conn, lambda: record_outcomes(conn, told(step), NOON)) <= 26
    assert states(conn) == {step.value: 2 * MANY}


def test_outcomes_of_another_try_that_a_human_allowed(conn: Connection) -> None:
    clear(conn, *PLANS)
    record_outcomes(conn, told(IN_DOUBT), NOON)
    doubts = [each for each in said(conn, ApprovalRequested) if each.in_doubt]
    ask(conn, *doubts)
    words = [decided(each, DecisionKind.RESOLVE, resolution=Resolution.RETRY) for each in doubts]
    assert cost(conn, lambda: decide(conn, *words)) <= 20
    assert states(conn) == {"RETRY": 2 * MANY}
    assert cost(conn, lambda: record_outcomes(conn, told(attempt=2), NOON)) <= 25
    assert states(conn) == {"SUCCEEDED": 2 * MANY}


def test_outcomes_of_two_revisions_at_once(conn: Connection) -> None:
    """As if one by one: the second finds what the first left of the steps that both have."""
    revised = [second_revision(plan) for plan in PLANS]
    clear(conn, *PLANS)
    clear(conn, *revised)
    both = [*told(FAILED), *(executed(plan) for plan in revised)]
    assert cost(conn, lambda: record_outcomes(conn, both, NOON)) <= 30
    assert states(conn) == {"SUCCEEDED": 2 * MANY}


def test_outcomes_that_contradict_those_before(conn: Connection) -> None:
    clear(conn, *PLANS)
    record_outcomes(conn, told(FAILED), NOON)
    assert cost(conn, lambda: record_outcomes(conn, told(), NOON)) <= 25
    assert states(conn) == {"IN_DOUBT": 2 * MANY}
    assert sum(each.in_doubt is not None for each in said(conn, ApprovalRequested)) == 2 * MANY


def test_outcomes_that_waited_for_their_clearances(conn: Connection) -> None:
    record_outcomes(conn, told(), NOON)
    assert cost(conn, lambda: clear(conn, *PLANS)) <= 30
    assert states(conn) == {"SUCCEEDED": 2 * MANY}


def test_outcomes_that_nothing_cleared_are_given_up(conn: Connection) -> None:
    record_outcomes(conn, told(), NOON)
    lost: list[object] = []
    patience = timedelta(minutes=1)
    assert cost(conn, lambda: lost.extend(settle_waiting_outcomes(conn, NOON + HOUR, patience).letters)) <= 5
    assert len(lost) == MANY


def test_outcomes_that_never_came_are_asked_about(conn: Connection) -> None:
    clear(conn, *PLANS)
    later = NOON + 24 * HOUR
    assert cost(conn, lambda: ask_for_outcomes(conn, later, HOUR)) <= 5
    assert len(said(conn, ApprovalRequested)) == MANY
    assert ask_for_outcomes(conn, later, HOUR) == 0


def test_plans_whose_earlier_revision_never_came_are_given_up(conn: Connection) -> None:
    wait(conn, PLANS, NOON)
    assert cost(conn, lambda: settle_waiting_plans(conn, NOON + HOUR, timedelta(minutes=1))) <= 5
    assert settle_waiting_plans(conn, NOON + HOUR, timedelta(minutes=1)) == []


def test_claims_of_services_that_never_came_back(conn: Connection) -> None:
    clear(conn, *PLANS)
    for plan in PLANS:
        claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "mailer", NOON)
    assert cost(conn, lambda: doubt_lost_claims(conn, NOON + HOUR)) <= 12
    assert states(conn) == {"IN_DOUBT": MANY}


def test_claims_of_runs_that_ended(conn: Connection) -> None:
    begun(conn, *(cleared(each.plan_id, run=run(str(each.plan_id))) for each in PLANS))
    conn.execute(update(runs).values(status="FAILED"))
    assert cost(conn, lambda: doubt_lost_claims(conn, NOON)) <= 12
    assert states(conn) == {"IN_DOUBT": MANY}


def test_doubts_that_nobody_answered(conn: Connection) -> None:
    clear(conn, *PLANS)
    record_outcomes(conn, told(IN_DOUBT), NOON)
    doubts = [each for each in said(conn, ApprovalRequested) if each.in_doubt][:MANY]
    ask(conn, *doubts)
    assert cost(conn, lambda: decide(conn, *(expiry(each) for each in doubts))) <= 20
    again = {each.request_id for each in said(conn, ApprovalRequested) if each.attempt == 2}
    assert len(again) == MANY
    held = conn.execute(select(effects.c.doubt_id)).scalars()
    assert len(again & set(held)) == MANY


def test_plans_that_are_taken_back(conn: Connection) -> None:
    clear(conn, *PLANS)
    record_outcomes(conn, told(), NOON)
    asked = [asked_afterwards(plan.plan_id) for plan in PLANS]
    ask(conn, *asked)
    undone = [decided(each, DecisionKind.UNDO) for each in asked]
    became: list[Fate] = []
    assert cost(conn, lambda: became.extend(fates(decide(conn, *undone)))) <= 20
    assert set(became) == {Fate.DECIDED}
    assert len(said(conn, PlanProposed)) == MANY
