"""What became of a run's plan its resumer tells as the run ends, and nobody tells it in other words."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import Connection, delete, func, select, update

from gate_events.ids import outcome_id
from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_store import outbox
from gate_store.awaited import settle_waiting_outcomes
from gate_store.cleared_plans import EARLY
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.tables import outbox as outbox_table
from gate_store.tables import own_requests, plan_outcomes, runs
from tests.store.acting import ask, clear, decide, run_of
from tests.store.examples import HOUR, NOON, STEPS, asked, cleared, decided, executed, run

LIES: dict[str, Callable[[PlanExecuted], PlanExecuted]] = {
    "status": lambda told: msgspec.structs.replace(told, status=OutcomeStatus.FAILED),
    "executor": lambda told: msgspec.structs.replace(told, executor="mallory"),
    "moment": lambda told: msgspec.structs.replace(told, executed_at=datetime(1990, 1, 1, tzinfo=UTC)),
    "detail": lambda told: msgspec.structs.replace(
        told, results=tuple(msgspec.structs.replace(each, detail="nothing was sent") for each in told.results)
    ),
}


@pytest.fixture
def told(conn: Connection) -> PlanExecuted:
    """A run did its plan and has ended: its outcome is on its way."""
    plan = cleared(run=run())
    clear(conn, plan)
    for step in STEPS:
        held = claim_effect(conn, plan.plan_id, plan.digest, step, "w1", NOON)
        assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON)
    conn.execute(update(runs).values(status="DONE"))
    outcome = msgspec.structs.replace(executed(plan), event_id=outcome_id(plan.plan_id, plan.digest))
    outbox.put(conn, [outcome], NOON)
    conn.execute(delete(outbox_table))  # a relay published it
    return outcome


def kept(conn: Connection) -> PlanExecuted:
    stored = conn.execute(select(plan_outcomes.c.record)).scalar_one()
    return msgspec.convert(stored, PlanExecuted)


@pytest.mark.parametrize("lie", LIES)
def test_an_outcome_that_agrees_with_the_ledger_does_not_stand_in_the_place_of_the_runs_own(
    conn: Connection, told: PlanExecuted, lie: str
) -> None:
    assert list(record_outcomes(conn, [LIES[lie](told)], NOON)) == [0]
    assert record_outcomes(conn, [told], NOON) == {}
    assert kept(conn) == told


@pytest.mark.parametrize("lie", LIES)
def test_nor_does_it_take_that_place_afterwards(conn: Connection, told: PlanExecuted, lie: str) -> None:
    assert record_outcomes(conn, [told], NOON) == {}
    assert list(record_outcomes(conn, [LIES[lie](told)], NOON)) == [0]
    assert record_outcomes(conn, [told], NOON) == {}  # a redelivery
    assert kept(conn) == told


def test_of_two_in_one_batch_the_runs_own_is_kept(conn: Connection, told: PlanExecuted) -> None:
    assert list(record_outcomes(conn, [LIES["status"](told), told, LIES["executor"](told)], NOON)) == [0, 2]
    assert kept(conn) == told


def test_nobody_tells_what_became_of_an_attempt_after_which_a_run_was_asked_again(conn: Connection) -> None:
    """It ended without an effect, as the lie says: but of the second attempt."""
    first, again = asked(run=run()), asked(run=run(), attempt=2)
    for request in (first, again):
        ask(conn, request)
        decide(conn, decided(request))
    conn.execute(update(runs).values(status="FAILED"))
    lie = msgspec.structs.replace(executed(first), status=OutcomeStatus.NOT_RUN, results=())
    assert record_outcomes(conn, [lie], NOON) == {
        0: "its run was asked again after attempt 1, and has told nothing of that"
    }


def test_what_a_run_told_is_noted_no_longer_once_it_is_kept(conn: Connection, told: PlanExecuted) -> None:
    noted = select(func.count()).select_from(own_requests)
    assert conn.execute(noted).scalar_one() == 1
    record_outcomes(conn, [told], NOON)
    assert conn.execute(noted).scalar_one() == 0


def not_run(plan: ApprovalRequested, attempt: int) -> PlanExecuted:
    return msgspec.structs.replace(executed(plan), status=OutcomeStatus.NOT_RUN, results=(), attempt=attempt)


def wait_again(conn: Connection) -> None:
    """As its resumer lets a run that is asked about once more."""
    conn.execute(update(runs).values(status="PAUSED", digest=None, use_by=None, answer=None))


def attempts_kept(conn: Connection) -> list[int]:
    return list(conn.execute(select(plan_outcomes.c.attempt).order_by(plan_outcomes.c.attempt)).scalars())


def given_up(conn: Connection) -> dict[int, str]:
    """Why outcomes became dead letters, by attempt."""
    letters = settle_waiting_outcomes(conn, NOON + 2 * HOUR, HOUR).letters
    return {told.attempt: why for told, why in letters}


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("attempts", [[1, 2, 3], [3, 2, 1]], ids=["upwards", "downwards"])
@pytest.mark.parametrize("status", ["PAUSED", "FAILED"])
def test_what_was_told_while_a_run_waited_takes_no_place_whatever_attempt_it_speaks_of(
    conn: Connection, together: bool, attempts: list[int], status: str
) -> None:
    """The gatekeeper asked in its own words, as the second attempt: of the first nothing can have run."""
    again = asked(run=run(), attempt=2)
    ask(conn, again)
    lies = [not_run(again, attempt) for attempt in attempts]
    for batch in [lies] if together else [[lie] for lie in lies]:
        assert record_outcomes(conn, batch, NOON) == {}
    conn.execute(update(runs).values(status=status))
    decide(conn, decided(again))
    assert attempts_kept(conn) == []
    assert given_up(conn) == {
        1: "attempt 1 at this plan was never cleared: attempt 2 was",
        2: EARLY,
        3: "nobody asked for attempt 3 at this plan",
    }


def test_nor_does_what_was_told_while_the_run_waits_again(conn: Connection) -> None:
    """Its approval came too late to be used, as its resumer says; it did nothing, as the lie says."""
    first = asked(run=run())
    ask(conn, first)
    decide(conn, decided(first))
    wait_again(conn)
    [why] = record_outcomes(conn, [not_run(first, 1)], NOON).values()
    assert "the run of this plan goes on" in why


def test_nor_what_is_told_while_a_run_goes_on_that_was_not_allowed_to_try_again(conn: Connection) -> None:
    first, again = asked(run=run()), asked(run=run(), attempt=2)
    ask(conn, first)
    decide(conn, decided(first))
    wait_again(conn)
    ask(conn, again)
    decide(conn, decided(again, DecisionKind.REJECT))
    assert run_of(conn).status == "READY"
    [why] = record_outcomes(conn, [not_run(first, 2)], NOON).values()
    assert "the run of this plan goes on" in why


def test_a_run_that_was_rejected_and_is_asked_again_has_told_that_it_did_nothing(conn: Connection) -> None:
    first, again = asked(run=run()), asked(run=run(), attempt=2)
    ask(conn, first)
    decide(conn, decided(first, DecisionKind.REJECT))
    own = msgspec.structs.replace(not_run(first, 1), event_id=outcome_id(first.plan_id, first.digest))
    outbox.put(conn, [own], NOON)
    assert record_outcomes(conn, [own], NOON) == {}
    wait_again(conn)
    ask(conn, again)
    decide(conn, decided(again))
    assert kept(conn) == own
