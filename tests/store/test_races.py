"""Two gatekeepers at once. On PostgreSQL: SQLite has one writer at a time."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, Engine, func, select, text

from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store.awaited import ask_for_outcomes
from gate_store.claims import Grant
from gate_store.clearances import record_cleared
from gate_store.clock import ask_expiry
from gate_store.database import open_store
from gate_store.decisions import apply_decisions
from gate_store.dispositions import Fate
from gate_store.executions import note_begun
from gate_store.gates import open_gates
from gate_store.ledger import claim_effect, finish_effect
from gate_store.revocations import why_revoked
from gate_store.runs import RunBusyError, register_run
from gate_store.tables import clearances, decisions, effects, gates, outbox
from tests.claims.gate import CATALOGUE, commit, may_run, proposed, routed, step
from tests.store.acting import as_edited, ask, compensated, decide, fates, look_at_doubts, said, state_of
from tests.store.examples import (
    AFTER,
    HOUR,
    NOON,
    STEPS,
    asked,
    cleared,
    decided,
    executed,
    plan_id,
    review,
    run,
)
from tests.store.turns import blocked, holding, until
from tests.stores import migrated


@pytest.fixture
def store(postgres_url: str) -> Iterator[Engine]:
    migrated(postgres_url)
    engine = open_store(postgres_url, pool_size=10)
    yield engine
    engine.dispose()


def in_own_transaction(store: Engine, act: Callable[[Connection], object]) -> object:
    with store.begin() as conn:
        return act(conn)


def test_the_second_gatekeeper_waits_and_comes_too_late(store: Engine) -> None:
    request = asked(run=run())
    with store.begin() as conn:
        ask(conn, request)
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as first:
            assert fates(decide(first, decided(request))) == [Fate.DECIDED]
            rejection = decided(request, DecisionKind.REJECT, "bob")
            second = pool.submit(in_own_transaction, store, lambda conn: fates(decide(conn, rejection)))
            until(lambda: blocked(store) == 1)
        assert second.result(20) == [Fate.LATE]
    with store.begin() as conn:
        assert state_of(conn, request) == "APPROVED"


def test_a_decision_that_meets_its_opening_gate_is_not_forgotten(store: Engine) -> None:
    """Neither sees the other's rows: without taking turns the decision would wait for ever."""
    request = asked()
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as opener:
            assert open_gates(opener, [request], NOON) == []
            other = pool.submit(in_own_transaction, store, lambda conn: fates(decide(conn, decided(request))))
            until(lambda: blocked(store) == 1)
        assert other.result(20) == [Fate.DECIDED]


def test_a_gate_that_meets_its_waiting_decision_finds_it(store: Engine) -> None:
    request = asked()
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as decider:
            assert fates(decide(decider, decided(request))) == [Fate.WAITING]
            other = pool.submit(in_own_transaction, store, lambda conn: fates(ask(conn, request)))
            until(lambda: blocked(store) == 1)
        assert other.result(20) == [Fate.DECIDED]


def test_gatekeepers_with_the_same_batches_in_other_orders_never_deadlock(store: Engine) -> None:
    requests = [asked(plan_id(i), run=run(f"t{i}")) for i in range(60)]
    said = [decided(request) for request in requests]
    said += [decided(request, DecisionKind.REJECT, "bob") for request in requests]
    start = threading.Barrier(4)

    def gatekeeper(number: int) -> None:
        ordered = said if number % 2 else said[::-1]
        start.wait()
        for _ in range(3):
            with store.begin() as conn:
                waited = open_gates(conn, requests if number % 2 else requests[::-1], NOON)
                apply_decisions(conn, waited, NOON, as_edited, compensated)
            with store.begin() as conn:
                apply_decisions(conn, ordered, NOON, as_edited, compensated)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(gatekeeper, range(4)))
    with store.begin() as conn:
        of = dict(
            tuple(row)
            for row in conn.execute(select(decisions.c.disposition, func.count()).group_by("disposition"))
        )
        assert of == {"DECIDED": 60, "LATE": 60}
        assert conn.execute(select(func.count()).where(gates.c.state == "PENDING")).scalar() == 0
        approved = conn.execute(select(func.count()).where(gates.c.state == "APPROVED")).scalar()
        assert conn.execute(select(func.count()).select_from(clearances)).scalar() == approved
        assert conn.execute(select(func.count()).select_from(outbox)).scalar() == 60


@pytest.mark.parametrize("kind", [DecisionKind.APPROVE, DecisionKind.EDIT])
@pytest.mark.parametrize("first", ["the decision", "the newer revision"])
def test_an_approval_that_meets_a_newer_revision_lets_nothing_of_the_older_run(
    store: Engine, first: str, kind: DecisionKind
) -> None:
    """Neither sees the other's rows: without taking turns the older one would be cleared for good."""
    old = msgspec.structs.replace(asked(), policy=CATALOGUE.digest)
    newer = routed(proposed(step("look"), plan_id=old.plan_id, revision=2))

    def approve(conn: Connection) -> object:
        return decide(
            conn, decided(old, kind, steps=(step("look", 5),) if kind is DecisionKind.EDIT else None)
        )

    def revise(conn: Connection) -> object:
        return commit(conn, newer)

    one, other = (approve, revise) if first == "the decision" else (revise, approve)
    with store.begin() as conn:
        ask(conn, old)
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as conn:
            one(conn)
            second = pool.submit(in_own_transaction, store, other)
            until(lambda: blocked(store) == 1)
        second.result(20)
    with store.begin() as conn:
        alive = {digest for digest in may_run(conn) if why_revoked(conn, digest) is None}
        edited_first = (first, kind) == ("the decision", DecisionKind.EDIT)
        assert len(alive) == 1
        assert (newer.digest in alive) is not edited_first  # an edit is the second revision itself


def test_two_clocks_speak_of_different_gates(store: Engine) -> None:
    with store.begin() as conn:
        ask(conn, *(asked(plan_id(i)) for i in range(10)))
    with store.begin() as first:
        assert ask_expiry(first, NOON + HOUR, limit=6) == 6
        with store.begin() as second:
            assert ask_expiry(second, NOON + HOUR, limit=6) == 4


def test_one_of_two_services_may_begin_a_step(store: Engine) -> None:
    plan = cleared()
    with store.begin() as conn:
        record_cleared(conn, [plan], NOON)
    start = threading.Barrier(4)

    def service(number: int) -> Grant:
        start.wait()
        with store.begin() as conn:
            return claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], f"w{number}", NOON).grant

    with ThreadPoolExecutor(4) as pool:
        grants = list(pool.map(service, range(4)))
    assert sorted(grants) == ["BUSY", "BUSY", "BUSY", "GO"]


def test_one_of_two_agents_takes_a_thread(store: Engine) -> None:
    start = threading.Barrier(4)

    def agent(number: int) -> str:
        start.wait()
        try:
            with store.begin() as conn:
                return f"token {register_run(conn, 't1', 'billing', f'a{number}', 30, NOON)}"
        except RunBusyError:
            return "busy"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(agent, range(4))) == ["busy", "busy", "busy", "token 1"]


def test_an_executor_that_reports_while_a_human_answers_waits_or_is_waited_for(store: Engine) -> None:
    """Both change the effect."""
    plan, step = cleared(), STEPS[0]
    with store.begin() as conn:
        record_cleared(conn, [plan], NOON)
        slow = claim_effect(conn, plan.plan_id, plan.digest, step, "w1", NOON)
        claim_effect(conn, plan.plan_id, plan.digest, step, "w2", NOON + HOUR)
        look_at_doubts(conn, NOON + HOUR)
        [question] = said(conn, ApprovalRequested)
        ask(conn, question)
    answer = decided(question, DecisionKind.RESOLVE, at=NOON + HOUR, resolution=Resolution.RETRY)
    with ThreadPoolExecutor(1) as pool:
        started: list[Future[object]] = []

        def human_waits() -> bool:
            if not started:
                started.append(
                    pool.submit(in_own_transaction, store, lambda conn: fates(decide(conn, answer)))
                )
            return blocked(store) == 1

        with holding(store, ["UPDATE effects", "FOR UPDATE"], human_waits) as conn:
            assert finish_effect(conn, slow, StepStatus.SUCCEEDED, NOON + HOUR)
        assert started[0].result(20) == [Fate.DECIDED]
    with store.begin() as conn:
        assert conn.execute(select(effects.c.state)).scalars().all() == ["SUCCEEDED"]


def test_the_clock_waits_for_no_outcome_of_another_attempt(store: Engine) -> None:
    """It holds gates by then, for which the gatekeeper that takes the outcome may wait."""
    plan = cleared(review=review(allowed=AFTER))
    begun = msgspec.structs.replace(executed(plan), status=OutcomeStatus.BEGUN, results=(), attempt=2)
    with store.begin() as conn:
        record_cleared(conn, [plan], NOON)
        note_begun(conn, [(begun, NOON)])
    with store.begin() as gatekeeper:
        note_begun(gatekeeper, [(begun, NOON + HOUR)])
        with store.begin() as clock:
            clock.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert ask_for_outcomes(clock, NOON + 10 * HOUR, timedelta(minutes=10)) == 1
