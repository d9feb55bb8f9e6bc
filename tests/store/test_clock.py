"""What time brings about, always as a record for the log."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind
from gate_store.clock import ask_expiry, settle_waiting
from gate_store.dispositions import Fate
from gate_store.gates import open_gates
from gate_store.ledger import claim_effect
from gate_store.outcomes import record_outcomes
from gate_store.tables import decisions, gates, outbox
from tests.store.acting import ask, ask_again, decide, fates, run_of, said, state_of
from tests.store.examples import HOUR, NOON, STEPS, asked, decided, executed, plan_id, run

MOMENT = timedelta(microseconds=1)
PATIENCE = timedelta(hours=24)


def test_a_gate_past_its_deadline_is_told_to_expire_once(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    assert ask_expiry(conn, NOON + HOUR - MOMENT) == 0
    assert ask_expiry(conn, NOON + HOUR) == 1
    assert ask_expiry(conn, NOON + 2 * HOUR) == 0
    [expiry] = said(conn, DecisionMade)
    assert (expiry.kind, expiry.decider, expiry.decided_at) == (
        DecisionKind.EXPIRE,
        DeciderKind.CLOCK,
        NOON + HOUR,
    )
    assert state_of(conn, request) == "PENDING"
    assert fates(decide(conn, expiry)) == [Fate.DECIDED]
    assert (state_of(conn, request), run_of(conn).status) == ("EXPIRED", "READY")
    assert run_of(conn).digest is None


def test_a_decision_in_time_that_was_heard_first_beats_the_expiry(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    ask_expiry(conn, NOON + HOUR)
    decide(conn, decided(request))
    assert fates(decide(conn, *said(conn, DecisionMade))) == [Fate.LATE]
    assert state_of(conn, request) == "APPROVED"


def test_the_clock_takes_no_more_than_it_is_told(conn: Connection) -> None:
    ask(conn, *(asked(plan_id(i)) for i in range(5)))
    assert [ask_expiry(conn, NOON + HOUR, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def approve(conn: Connection, request: ApprovalRequested) -> None:
    ask(conn, request)
    decide(conn, decided(request, at=NOON))


def test_an_approved_plan_that_nobody_began_is_asked_again_once(conn: Connection) -> None:
    request = asked()
    approve(conn, request)
    assert ask_again(conn, NOON + HOUR - MOMENT) == 0
    late = NOON + 3 * HOUR
    assert ask_again(conn, late) == 1
    assert ask_again(conn, late) == 0
    [again] = said(conn, ApprovalRequested)
    assert (again.attempt, again.digest, again.requested_at) == (2, request.digest, late)
    assert again.review.terms.deadline == late + HOUR
    approve_late = decided(again, at=late)
    ask(conn, again)
    assert fates(decide(conn, approve_late)) == [Fate.DECIDED]
    assert claim_effect(conn, request.plan_id, request.digest, STEPS[0], "w", late).token
    # the second verdict may go stale in its turn, but its plan was begun
    assert ask_again(conn, late + 9 * HOUR) == 0


def test_a_second_stale_verdict_is_asked_about_too(conn: Connection) -> None:
    approve(conn, asked())
    ask_again(conn, NOON + HOUR)
    [second] = said(conn, ApprovalRequested)
    ask(conn, second)
    decide(conn, decided(second, at=NOON + HOUR))
    assert ask_again(conn, NOON + 2 * HOUR) == 1
    assert [each.attempt for each in said(conn, ApprovalRequested)] == [2, 3]


def test_what_was_executed_or_has_a_run_or_no_use_by_is_not_asked_again(conn: Connection) -> None:
    done, running, for_ever = asked(), asked(plan_id(2), run=run()), asked(plan_id(3), use_by_s=0)
    for request in (done, running, for_ever):
        approve(conn, request)
    record_outcomes(conn, [executed(done)], NOON)
    assert ask_again(conn, NOON + 9 * HOUR) == 0


def looked_at(conn: Connection) -> set[UUID]:
    """The gates that the clock reads each second until it has done with them."""
    return set(conn.execute(select(gates.c.gate_id).where(gates.c.ask_again_at.is_not(None))).scalars())


def test_the_clock_looks_once_at_what_has_ended(conn: Connection) -> None:
    ended, waiting = asked(), asked(plan_id(2))
    for request in (ended, waiting, asked(plan_id(3), run=run()), asked(plan_id(4), use_by_s=0)):
        approve(conn, request)
    record_outcomes(conn, [executed(ended)], NOON)
    ask_again(conn, NOON + HOUR - MOMENT)
    assert looked_at(conn) == {ended.request_id, waiting.request_id}
    claim_effect(conn, waiting.plan_id, waiting.digest, STEPS[0], "w", NOON)
    assert ask_again(conn, NOON + HOUR) == 0
    assert looked_at(conn) == {waiting.request_id}


def test_the_clock_looks_at_what_it_asked_again_once_it_is_approved_again(conn: Connection) -> None:
    first = asked()
    approve(conn, first)
    assert ask_again(conn, NOON + HOUR) == 1
    assert looked_at(conn) == set()
    [again] = said(conn, ApprovalRequested)
    ask(conn, again)
    decide(conn, decided(again, at=NOON + HOUR))
    assert looked_at(conn) == {again.request_id}


def test_a_rejected_plan_is_not_asked_again(conn: Connection) -> None:
    ask(conn, asked())
    decide(conn, decided(asked(), DecisionKind.REJECT))
    assert ask_again(conn, NOON + 9 * HOUR) == 0


def test_decisions_that_waited_too_long_are_given_up(conn: Connection) -> None:
    lost, known = decided(asked(plan_id("lost"))), asked()
    decide(conn, lost, decided(asked(plan_id("lost")), by="bob"))
    ask(conn, known)
    decide(conn, decided(known))
    assert settle_waiting(conn, NOON + PATIENCE - MOMENT, PATIENCE) == []
    given_up = settle_waiting(conn, NOON + PATIENCE, PATIENCE)
    assert [each.event_id for each, _ in given_up][:1] == [lost.event_id]
    assert [f"no approval request {each.request_id} came" in why for each, why in given_up] == [True, True]
    assert settle_waiting(conn, NOON + PATIENCE, PATIENCE) == []
    assert conn.execute(select(func.count()).select_from(decisions)).scalar() == 1


def test_a_given_up_decision_that_is_replayed_is_a_new_delivery(conn: Connection) -> None:
    request = asked()
    decide(conn, decided(request))
    settle_waiting(conn, NOON + PATIENCE, PATIENCE)
    ask(conn, request)
    assert fates(decide(conn, decided(request))) == [Fate.DECIDED]


def test_a_waiting_decision_whose_gate_is_there_is_not_given_up(conn: Connection) -> None:
    request = asked()
    decide(conn, decided(request))
    open_gates(conn, [request], NOON)  # and its opener has not come to apply what waited
    assert settle_waiting(conn, NOON + PATIENCE, PATIENCE) == []


def test_a_record_waits_in_the_outbox_once(conn: Connection) -> None:
    ask(conn, asked())
    decide(conn, decided(asked()))
    before = conn.execute(select(outbox)).all()
    decide(conn, decided(asked()))
    assert conn.execute(select(outbox)).all() == before


def test_one_deadline_beyond_the_calendar_does_not_stop_the_clock_for_the_others(conn: Connection) -> None:
    end = datetime.max.replace(tzinfo=UTC)
    request = asked(deadline=end, requested_at=datetime.min.replace(tzinfo=UTC))
    ask(conn, request)
    decide(conn, decided(request))
    assert ask_again(conn, NOON + 3 * HOUR) == 1
    [again] = said(conn, ApprovalRequested)
    assert again.review.terms.deadline == end
