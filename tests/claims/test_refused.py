"""Whoever submitted a run reads at its row why nothing took its plan; what others say is not noted there."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, delete, select

from gate_events.records import ApprovalRequested
from gate_events.values import Agent
from gate_events.words import GateState
from gate_store.refused import note_refused
from gate_store.tables import outbox, runs
from gate_store.whereabouts import Hop, PlanState, Whereabouts, whereabouts
from tests.claims.gate import asked, cleared, commit, of_run, proposed, refusals, step, waits
from tests.store.acting import clear, decide, run_of
from tests.store.examples import decided, plan_id

PLAN = of_run(step("pay"))
THREAD = "t1"


def where(conn: Connection) -> Whereabouts:
    return whereabouts(conn, THREAD, PLAN.plan_id)


def published(conn: Connection) -> ApprovalRequested:
    """Its run is paused, and a relay is done with its plan."""
    request = waits(conn, PLAN)
    assert isinstance(request, ApprovalRequested)
    conn.execute(delete(outbox))
    return request


def test_a_plan_that_nobody_published_waits_in_the_store(conn: Connection) -> None:
    waits(conn, PLAN)
    assert where(conn) == Whereabouts(PlanState.PUBLISHED, hop=Hop.KAFKA)


def test_a_plan_that_is_published_waits_for_the_router(conn: Connection) -> None:
    published(conn)
    assert where(conn) == Whereabouts(PlanState.PUBLISHED, hop=Hop.ROUTER)


def test_a_plan_that_was_asked_about_has_a_gate_open_and_closed(conn: Connection) -> None:
    request = published(conn)
    commit(conn, request)
    assert where(conn) == Whereabouts(PlanState.OPEN, request.request_id)
    decide(conn, decided(request))
    assert where(conn) == Whereabouts(PlanState.DECIDED, request.request_id, decided=GateState.APPROVED)


def test_a_plan_that_needed_no_gate_is_cleared_and_its_run_ends_well_or_not(conn: Connection) -> None:
    published(conn)
    clear(conn, cleared(PLAN))
    assert where(conn) == Whereabouts(PlanState.CLEARED)
    conn.execute(runs.update().values(status="DONE"))
    assert where(conn) == Whereabouts(PlanState.ENDED)
    conn.execute(runs.update().values(status="FAILED", error="the bank is shut"))
    assert where(conn) == Whereabouts(PlanState.FAILED, why="the bank is shut")


def test_why_a_runs_own_plan_was_refused_stands_at_the_run(conn: Connection) -> None:
    commit(conn, asked(proposed(step("pay"), plan_id=PLAN.plan_id, proposer="mallory")))  # had its id first
    [why] = refusals(commit(conn, published(conn)))
    assert "is of a service" in why
    assert where(conn) == Whereabouts(PlanState.REFUSED, why=why)
    assert run_of(conn).status == "PAUSED"


@pytest.mark.parametrize(
    "lie",
    [of_run(step("look")), msgspec.structs.replace(PLAN, agent=Agent(name="mallory"))],
    ids=["other steps", "another agent"],
)
def test_what_was_refused_of_others_is_not_noted(conn: Connection, lie: object) -> None:
    published(conn)
    record = cleared(lie)  # type: ignore[arg-type] # msgspec.structs.replace forgets the type
    assert refusals(commit(conn, record))
    assert where(conn).state is PlanState.PUBLISHED


def test_what_was_asked_about_is_not_refused_any_more(conn: Connection) -> None:
    commit(conn, published(conn))
    note_refused(conn, [(PLAN, "too late")])
    assert where(conn).state is PlanState.OPEN
    assert conn.execute(select(runs.c.error)).scalar_one() == ""


@pytest.mark.parametrize(
    "forged", [{"review_digest": "ab" * 32}, {"attempt": 2}, {"request_id": plan_id("x")}]
)
def test_a_copy_that_no_router_made_is_no_refusal_of_the_plan(
    conn: Connection, forged: dict[str, Any]
) -> None:
    """Whoever copies a run's plan has its submitter told nothing."""
    request = published(conn)
    assert len(refusals(commit(conn, msgspec.structs.replace(request, **forged)))) == 1
    assert run_of(conn).error == ""
