"""What waits is counted with its age, and by an index: `plangate doctor` may be asked at any time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event

from gate_events.stops import Stop
from gate_store import outbox
from gate_store.askers import Asker, open_of_agent, open_of_askers
from gate_store.backlog import Waiting, open_gates, ready_runs, unasked_runs, unexecuted, unpublished
from gate_store.clearances import record_cleared
from gate_store.dialects import on_postgres
from gate_store.gauges import leases_held, open_effects, open_runs, waiting_gates
from gate_store.heartbeats import beat, end_beating
from gate_store.own_requests import left_the_outbox
from gate_store.queued_plans import askers_in_queue, askers_with_queues, whose_turn
from gate_store.run_events import forget_events
from gate_store.stops import begin_stop, end_stop
from gate_store.tables import runs
from gate_store.undecided import count_undecided
from gate_store.undo_work import undo_plans_to_execute
from tests.store.acting import ask, decide, paused
from tests.store.examples import HOUR, NOON, asked, asked_in_doubt, cleared, decided, plan_id, proposed, run

LATER = NOON + HOUR
MINUTE = timedelta(minutes=1)


def test_open_gates_are_told_by_kind_with_age_and_next_deadline(conn: Connection) -> None:
    decided_already = asked(plan_id(3))
    ask(conn, asked(plan_id(1)), asked(plan_id(2), deadline=NOON + 2 * HOUR), decided_already)
    ask(conn, asked_in_doubt(plan_id(4)))
    decide(conn, decided(decided_already))
    doubts, plans = open_gates(conn, NOON, MINUTE)
    assert (doubts.kind, doubts.count) == ("IN_DOUBT", 1)
    assert (plans.kind, plans.count, plans.since, plans.overdue) == ("PLAN", 2, NOON, 0)
    assert plans.next_deadline == asked(plan_id(1)).review.terms.deadline
    (_, late) = open_gates(conn, plans.next_deadline + 2 * MINUTE, MINUTE)
    assert late.overdue == 1


def test_a_paused_run_waits_unasked_until_its_gate_is_open(conn: Connection) -> None:
    request = asked(run=run())
    paused(conn, request)
    moved = conn.execute(runs.select()).one().updated_at
    assert unasked_runs(conn, moved) == Waiting(0)  # it has just paused
    assert unasked_runs(conn, moved + MINUTE) == Waiting(1, moved, "t1")
    ask(conn, request)
    assert unasked_runs(conn, moved + MINUTE) == Waiting(0)


def test_ready_runs_are_told_by_graph(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    decide(conn, decided(request))
    row = conn.execute(runs.select()).one()
    assert ready_runs(conn, row.not_before + MINUTE) == {row.graph: Waiting(1, row.not_before, "t1")}
    assert ready_runs(conn, row.not_before - MINUTE) == {}


def test_a_clearance_of_a_service_is_told_until_somebody_is_at_it_and_one_of_a_run_is_not(
    conn: Connection,
) -> None:
    of_run = asked(plan_id(2), run=run())
    ask(conn, of_run)
    decide(conn, decided(of_run))
    record_cleared(conn, [cleared()], NOON)
    assert unexecuted(conn, LATER) == Waiting(1, NOON, str(plan_id()))
    assert unexecuted(conn, NOON) == Waiting(0)
    asked_about = asked(plan_id(3))
    ask(conn, asked_about)
    decide(conn, decided(asked_about))
    assert unexecuted(conn, LATER + HOUR).count == 2


def test_records_that_are_not_on_kafka_are_told(conn: Connection) -> None:
    outbox.put(conn, [proposed(plan_id(1))], NOON)
    outbox.put(conn, [proposed(plan_id(2))], LATER)
    assert unpublished(conn) == Waiting(2, NOON)


def test_verdicts_that_a_stop_may_hold_are_not_told_until_its_end(conn: Connection) -> None:
    stop = Stop(stop_id=uuid4(), by="ana", note="wrong mails", at=NOON)
    ask(conn, asked(plan_id(1)))
    decide(conn, decided(asked(plan_id(1))))
    assert unpublished(conn).count == 1
    begin_stop(conn, stop)
    assert unpublished(conn) == Waiting(0)
    outbox.put(conn, [proposed(plan_id(2))], LATER)
    assert unpublished(conn) == Waiting(1, LATER)
    end_stop(conn, stop, "ana", "", LATER)
    assert unpublished(conn).count == 2


ASKER = Asker("billing-service", "biller", of_runs=False)
QUESTIONS: dict[str, tuple[Callable[[Connection], Any], set[str]]] = {
    "open gates": (lambda conn: open_gates(conn, NOON, MINUTE), {"ix_gates_pending"}),
    "expired undecided": (lambda conn: count_undecided(conn, NOON), {"ix_gates_expired", "views"}),
    "unasked runs": (
        lambda conn: unasked_runs(conn, NOON),
        {"ix_runs_paused", "ix_gates_plan_id", "ix_clearances_plan_id"},
    ),
    "ready runs": (lambda conn: ready_runs(conn, NOON), {"ix_runs_ready"}),
    "unexecuted": (lambda conn: unexecuted(conn, NOON), {"ix_clearances_cleared_at", "ix_runs_plan_id"}),
    "undo plans to execute": (
        lambda conn: undo_plans_to_execute(conn, ["billing"], NOON),
        {"ix_undo_plans_open"},
    ),
    "what Kafka did not bring back": (
        lambda conn: left_the_outbox(conn, 10),
        {"ix_own_requests_contract"},
    ),
    "old events": (lambda conn: forget_events(conn, NOON, HOUR, 10), {"ix_run_events_at"}),
    "unpublished": (unpublished, {"outbox"}),
    "open gates with tiers": (lambda conn: waiting_gates(conn, NOON, {}), {"ix_gates_pending"}),
    "open runs": (
        open_runs,
        {"ix_runs_leases", "ix_runs_paused", "ix_runs_ready", "ix_runs_in_doubt"},
    ),
    "open effects": (
        open_effects,
        {"ix_effects_claimed_by_runs", "ix_effects_leases", "ix_effects_in_doubt"},
    ),
    "open gates of an agent": (lambda conn: open_of_agent(conn, ASKER, 100), {"ix_gates_open_of"}),
    "open gates of proposers": (lambda conn: open_of_askers(conn, {ASKER.proposer}), {"ix_gates_open_of"}),
    "whether plans wait": (lambda conn: askers_with_queues(conn, [ASKER]), {"ix_queued_plans_next"}),
    "whose plans wait": (askers_in_queue, {"ix_queued_plans_next"}),
    "the next that wait": (lambda conn: whose_turn(conn, ASKER, 3), {"ix_queued_plans_next"}),
    "leases": (lambda conn: leases_held(conn, NOON), {"ix_runs_leases", "ix_effects_leases"}),
    "a beat": (lambda conn: beat(conn, "a", "router", None, NOON), {"heartbeats"}),
    "a clean end": (lambda conn: end_beating(conn, "a", ["router"]), {"heartbeats"}),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_is_answered_by_an_index(conn: Connection, name: str) -> None:
    ask_it, indexes = QUESTIONS[name]
    asked_for: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked_for.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", note)
    ask_it(conn)
    event.remove(conn, "before_cursor_execute", note)
    plan = "\n".join(_plan(conn, *each) for each in asked_for if not each[0].startswith("SET"))
    whole = [line for line in plan.splitlines() if _reads_all(line)]
    assert whole == [], plan
    assert {index for index in indexes if index not in plan} == set(), plan


def _plan(conn: Connection, statement: str, parameters: Any) -> str:
    """How the database would go about it, had it many rows."""
    if on_postgres(conn):
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
    explain = "EXPLAIN" if on_postgres(conn) else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in conn.exec_driver_sql(f"{explain} {statement}", parameters))


def _reads_all(line: str) -> bool:
    """A whole table, by no index: SQLite says SCAN of what it reads in an index's order, too."""
    if "Seq Scan" in line:
        return True
    of_a_table = line.startswith("SCAN ") and not line.startswith(("SCAN CONSTANT ROW", "SCAN anon_"))
    return of_a_table and "INDEX" not in line and "outbox" not in line
