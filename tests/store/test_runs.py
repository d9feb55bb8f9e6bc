"""Runs while an agent drives them: one worker at a time, fenced by a token that grows."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from gate_events.records import PlanProposed
from gate_store.engine.port import FenceLostError
from gate_store.runs import Orphan, RunBusyError, end_run, orphans, pause_run, register_run, renew_run
from gate_store.tables import runs
from tests.store.acting import ask, decide, run_of, said
from tests.store.examples import NOON, asked, decided, plan_id, proposed, run

LONG_AGO = NOON - timedelta(days=36500)


@pytest.fixture
def token(conn: Connection) -> int:
    return register_run(conn, "t1", "billing", "agent-1", 30, NOON)


def lapse(conn: Connection) -> None:
    """Let the lease run out by either clock."""
    conn.execute(update(runs).values(lease_until=LONG_AGO))


def test_a_new_run_is_running_under_a_lease(conn: Connection, token: int) -> None:
    row = run_of(conn)
    assert (token, row.token, row.status, row.worker, row.graph) == (1, 1, "RUNNING", "agent-1", "billing")
    assert row.lease_until is not None


def test_postgresql_leases_go_by_its_own_clock(conn: Connection) -> None:
    register_run(conn, "t1", "billing", "agent-1", 30, LONG_AGO)
    lease_until = run_of(conn).lease_until
    if conn.dialect.name == "postgresql":
        assert lease_until > LONG_AGO + timedelta(days=365)
        assert orphans(conn, NOON + timedelta(days=36500)) == []
    else:
        assert lease_until == LONG_AGO + timedelta(seconds=30)


def test_a_running_run_is_busy(conn: Connection, token: int) -> None:
    with pytest.raises(RunBusyError, match="t1 is RUNNING"):
        register_run(conn, "t1", "billing", "agent-2", 30, NOON)


def test_a_pause_puts_the_plan_on_its_way_in_the_same_transaction(conn: Connection, token: int) -> None:
    plan = proposed(run=run())
    pause_run(conn, "t1", token, run(), plan, NOON)
    row = run_of(conn)
    assert (row.status, row.plan_id, row.lease_until, row.worker) == ("PAUSED", plan_id(), None, None)
    assert said(conn, PlanProposed) == [plan]
    with pytest.raises(RunBusyError, match=f"t1 is PAUSED at plan {plan_id()}"):
        register_run(conn, "t1", "billing", "agent-1", 30, NOON)


def test_the_whole_way_to_an_answer(conn: Connection, token: int) -> None:
    pause_run(conn, "t1", token, run(), proposed(run=run()), NOON)
    ask(conn, asked(run=run()))
    decide(conn, decided(asked(run=run())))
    assert (run_of(conn).status, run_of(conn).token) == ("READY", token)
    with pytest.raises(RunBusyError, match="READY"):
        register_run(conn, "t1", "billing", "agent-1", 30, NOON)


def test_a_run_that_an_earlier_version_pauses_anew_is_not_held_to_what_it_asked_before(
    conn: Connection, token: int
) -> None:
    """That version does not know the column, and leaves it as it is."""
    pause_run(conn, "t1", token, run(), proposed(run=run()), NOON)
    conn.execute(update(runs).values(plan_id=plan_id()))  # the same
    assert run_of(conn).asked_digest is not None
    conn.execute(update(runs).values(plan_id=plan_id("next"), pause=run(checkpoint="c2")))
    assert run_of(conn).asked_digest is None


@pytest.mark.parametrize("status", ["DONE", "FAILED", "STALE"])
def test_a_run_at_rest_begins_anew_with_a_higher_token(conn: Connection, token: int, status: str) -> None:
    end_run(conn, "t1", token, status, NOON, "why\x00")
    assert run_of(conn).status == status
    assert register_run(conn, "t1", "billing", "agent-2", 30, NOON) == token + 1
    assert (run_of(conn).status, run_of(conn).worker, run_of(conn).error) == ("RUNNING", "agent-2", "")


def test_a_lease_is_renewed_by_its_holder_alone(conn: Connection, token: int) -> None:
    lapse(conn)
    assert not renew_run(conn, "t1", token + 1, 30, NOON)
    assert renew_run(conn, "t1", token, 30, NOON)
    assert run_of(conn).lease_until > LONG_AGO
    assert not renew_run(conn, "unknown", token, 30, NOON)


def test_an_orphan_is_found_and_taken_over_and_the_zombie_is_fenced_off(conn: Connection, token: int) -> None:
    assert orphans(conn, NOON) == []
    lapse(conn)
    assert orphans(conn, NOON) == [Orphan("t1", "billing", token)]
    assert register_run(conn, "t1", "billing", "reconciler", 30, NOON) == token + 1
    assert orphans(conn, NOON) == []
    with pytest.raises(FenceLostError):
        pause_run(conn, "t1", token, run(), proposed(run=run()), NOON)
    with pytest.raises(FenceLostError):
        end_run(conn, "t1", token, "DONE", NOON)
    assert not renew_run(conn, "t1", token, 30, NOON)
    assert said(conn, PlanProposed) == []
    assert (run_of(conn).status, run_of(conn).worker) == ("RUNNING", "reconciler")


def test_a_resumed_run_that_lost_its_worker_is_the_reapers_not_an_orphan(
    conn: Connection, token: int
) -> None:
    lapse(conn)
    conn.execute(update(runs).values(answer={"state": "APPROVED"}))
    assert orphans(conn, NOON) == []
    with pytest.raises(RunBusyError):
        register_run(conn, "t1", "billing", "agent-2", 30, NOON)
