"""Requests open gates, bind runs, and put newer gates in the place of older ones."""

from sqlalchemy import Connection, func, select

from gate_events.records import DecisionMade
from gate_events.values import Step
from gate_events.words import DecisionKind
from gate_store.gates import open_gates
from gate_store.tables import gates, runs
from tests.store.acting import ask, decide, run_of, said, state_of
from tests.store.examples import NOON, asked, asked_afterwards, asked_in_doubt, decided, plan_id, run

EDITED = (Step(step_id="s1", action_type="email.send", arguments={"to": "c@example.org"}),)


def superseded(conn: Connection) -> set[object]:
    return {each.request_id for each in said(conn, DecisionMade) if each.kind is DecisionKind.SUPERSEDE}


def test_a_request_opens_one_gate_however_often_it_comes(conn: Connection) -> None:
    ask(conn, asked(), asked())
    ask(conn, asked())
    assert conn.execute(select(func.count()).select_from(gates)).scalar() == 1
    assert state_of(conn, asked()) == "PENDING"


def test_a_redelivered_request_opens_no_closed_gate(conn: Connection) -> None:
    ask(conn, asked(run=run()))
    decide(conn, decided(asked(run=run())))
    ask(conn, asked(run=run()))
    assert (state_of(conn, asked()), run_of(conn).status) == ("APPROVED", "READY")


def test_no_question_makes_a_run(conn: Connection) -> None:
    open_gates(conn, [asked(run=run()), asked_afterwards(run=run()), asked_in_doubt(run=run())], NOON)
    assert conn.execute(select(func.count()).select_from(runs)).scalar() == 0


def test_no_question_binds_a_run_to_another_plan(conn: Connection) -> None:
    ask(conn, asked(plan_id("old"), run=run(checkpoint="c1")))
    conn.execute(runs.update().values(status="DONE", token=7, head_id="c1b"))
    before = run_of(conn)
    ask(conn, asked(plan_id("new"), run=run(checkpoint="c2")))
    assert run_of(conn) == before


def test_a_newer_revision_supersedes_the_older_open_gate(conn: Connection) -> None:
    old, new = asked(), asked(revision=2, steps=EDITED)
    ask(conn, old)
    ask(conn, new)
    assert superseded(conn) == {old.request_id}
    assert state_of(conn, old) == "PENDING"  # until the decision has gone over the log
    decide(conn, *said(conn, DecisionMade))
    assert (state_of(conn, old), state_of(conn, new)) == ("SUPERSEDED", "PENDING")


def test_both_revisions_in_one_batch_end_the_same(conn: Connection) -> None:
    old, new = asked(), asked(revision=2, steps=EDITED)
    ask(conn, new, old)
    assert superseded(conn) == {old.request_id}


def test_an_old_revision_that_comes_late_is_superseded_itself(conn: Connection) -> None:
    old, new = asked(), asked(revision=2, steps=EDITED)
    ask(conn, new)
    decide(conn, decided(new))
    ask(conn, old)
    assert superseded(conn) == {old.request_id}


def test_a_newer_plan_of_a_thread_supersedes_the_older(conn: Connection) -> None:
    old = asked(plan_id("old"), run=run(checkpoint="c1"))
    new = asked(plan_id("new"), run=run(checkpoint="c2"))
    ask(conn, old)
    ask(conn, new)
    assert superseded(conn) == {old.request_id}


def test_an_older_pause_that_comes_late_takes_nothing(conn: Connection) -> None:
    old = asked(plan_id("old"), run=run(checkpoint="c1"))
    new = asked(plan_id("new"), run=run(checkpoint="c2"))
    ask(conn, new)
    ask(conn, old)
    assert superseded(conn) == {old.request_id}


def test_a_review_afterwards_is_not_superseded_by_a_new_plan(conn: Connection) -> None:
    ask(conn, asked_afterwards(plan_id("old"), run=run(checkpoint="c1")))
    ask(conn, asked(plan_id("new"), run=run(checkpoint="c2")))
    assert superseded(conn) == set()
