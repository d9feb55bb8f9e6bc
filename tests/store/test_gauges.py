"""How the store stands, in numbers: open gates by tier and age, what goes on, who holds what."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, event

from gate_events.words import Tier
from gate_store.clearances import record_cleared
from gate_store.gauges import UNKNOWN_TIER, gauges, open_effects, waiting_gates
from tests.store.acting import ask, decide
from tests.store.examples import HOUR, NOON, asked, decided, plan_id, run
from tests.store.test_ledger import PLAN, STEP, claim, finish

MINUTE = timedelta(minutes=1)


def test_an_open_gate_has_its_tier_its_age_and_the_time_it_has_left(conn: Connection) -> None:
    request = asked(deadline=NOON + 2 * HOUR)
    ask(conn, request)
    [gate] = waiting_gates(conn, NOON + MINUTE, {})
    assert gate.tier == request.tier.value
    assert (gate.age, gate.left) == (MINUTE, 2 * HOUR - MINUTE)
    assert not gate.is_half_over
    [later] = waiting_gates(conn, NOON + HOUR + MINUTE, {})
    assert later.is_half_over


def test_a_gate_that_is_decided_is_not_told_and_its_tier_is_forgotten(conn: Connection) -> None:
    request, other = asked(plan_id(1)), asked(plan_id(2))
    ask(conn, request, other)
    tiers: dict[UUID, str] = {}
    assert len(waiting_gates(conn, NOON, tiers)) == 2
    decide(conn, decided(request))
    assert len(waiting_gates(conn, NOON, tiers)) == 1
    assert set(tiers) == {other.request_id}


def test_the_tier_of_a_gate_is_read_once(conn: Connection) -> None:
    ask(conn, asked(plan_id(1)), asked(plan_id(2)))
    statements: list[str] = []
    tiers: dict[UUID, str] = {}
    waiting_gates(conn, NOON, tiers)
    event.listen(conn, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    waiting_gates(conn, NOON, tiers)
    assert len(statements) == 1


def test_no_word_of_a_proposer_is_taken_for_the_tier(conn: Connection) -> None:
    ask(conn, replace(asked(), goal='","tier":"REVERSIBLE', tier=Tier.IRREVERSIBLE, proposer="x" * 200))
    assert [gate.tier for gate in waiting_gates(conn, NOON, {})] == ["IRREVERSIBLE"]
    assert UNKNOWN_TIER == "UNKNOWN"


def test_runs_leases_and_steps_that_go_on_are_counted(conn: Connection) -> None:
    of_run = asked(plan_id("of a run"), run=run())
    ask(conn, of_run)
    record_cleared(conn, [PLAN], NOON)
    claim(conn)
    told = gauges(conn, NOON, {})
    assert told.runs == {"RUNNING": 0, "PAUSED": 1, "READY": 0, "IN_DOUBT": 0}
    assert told.effects == {("CLAIMED", STEP.action_type): 1}
    assert told.leases == {"run": 0, "step": 1}
    assert gauges(conn, NOON + HOUR, {}).leases["step"] == 0  # it is over
    decide(conn, decided(of_run))
    assert gauges(conn, NOON, {}).runs["READY"] == 1


def test_a_step_that_ended_is_not_counted(conn: Connection) -> None:
    record_cleared(conn, [PLAN], NOON)
    held = claim(conn)
    assert open_effects(conn)
    finish(conn, held)
    assert open_effects(conn) == {}
