"""A decision counts by the broker's moment, which nobody who decides can choose."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DecisionKind
from gate_store.decisions import apply_decisions
from gate_store.dispositions import Disposition, Fate
from gate_store.said import Said, said
from gate_store.tables import clearances, decisions
from gate_store.verdicts import AsEdited
from tests.store.acting import as_edited, ask, compensated, decide, fates, state_of, verdict_of
from tests.store.examples import HOUR, NOON, asked, decided

MINUTE = timedelta(minutes=1)


def come(conn: Connection, *batch: Said, now: datetime = NOON) -> list[Disposition]:
    return apply_decisions(conn, batch, now, as_edited, compensated)


def test_the_use_by_runs_from_when_the_broker_had_it(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    dated_ahead = decided(request, at=NOON + 4 * MINUTE)
    assert fates(come(conn, said(dated_ahead, NOON, NOON))) == [Fate.DECIDED]
    verdict = verdict_of(conn, request)
    assert (verdict.decided_at, verdict.use_by) == (NOON, NOON + HOUR)
    assert conn.execute(select(clearances.c.cleared_at)).scalar() == NOON
    row = conn.execute(select(decisions.c.decided_at, decisions.c.said_at)).one()
    assert tuple(row) == (NOON + 4 * MINUTE, NOON)


@pytest.mark.parametrize("off", [timedelta(minutes=5, microseconds=1), -timedelta(minutes=5, microseconds=1)])
def test_a_decision_dated_far_from_the_brokers_moment_is_refused(conn: Connection, off: timedelta) -> None:
    request = asked()
    at = NOON + 10 * MINUTE
    [became] = come(conn, said(decided(request, at=at + off), NOON, at))
    assert became.fate is Fate.REFUSED
    assert at.isoformat() in became.why
    ask(conn, request)
    assert state_of(conn, request) == "PENDING"


def test_the_tolerance_itself_is_near_enough(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    dated = decided(request, at=NOON + 5 * MINUTE)
    assert fates(come(conn, said(dated, NOON, NOON))) == [Fate.DECIDED]


def test_a_decision_dated_in_time_that_came_after_the_deadline_is_late(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    came = NOON + HOUR + MINUTE
    assert fates(come(conn, said(decided(request, at=NOON + HOUR), came, came))) == [Fate.LATE]


def test_without_the_brokers_moment_the_earlier_of_date_and_first_sight_counts(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    dated_ahead = decided(request, at=NOON + HOUR)
    apply_decisions(conn, [dated_ahead], NOON + MINUTE, as_edited, compensated)
    assert verdict_of(conn, request).use_by == NOON + MINUTE + HOUR
    assert said(decided(request, at=NOON), NOON + MINUTE, None).moment == NOON


def test_a_decision_that_waits_keeps_its_moment(conn: Connection) -> None:
    request = asked()
    early = decided(request, at=NOON + 4 * MINUTE)
    come(conn, said(early, NOON, NOON))
    assert fates(come(conn, said(early, NOON + 2 * HOUR, None))) == [Fate.WAITING]
    ask(conn, request)
    assert verdict_of(conn, request).use_by == NOON + HOUR


def test_an_edit_is_judged_as_of_the_brokers_moment(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    moments = []
    edit = Said(decided(request, DecisionKind.EDIT, steps=request.steps[:1], at=NOON), NOON + MINUTE)

    def retier(request: ApprovalRequested, word: DecisionMade) -> AsEdited:
        moments.append(word.decided_at)
        return as_edited(request, word)

    decide(conn, edit, retier=retier)
    assert moments == [NOON + MINUTE]
