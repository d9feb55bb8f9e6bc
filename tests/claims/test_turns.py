"""Batches of two gatekeepers that meet in other orders. On PostgreSQL: SQLite has one writer at a time."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from gate_events.records import ApprovalRequested
from gate_store.clock import ask_again
from gate_store.database import open_store
from gate_store.stale import Stale, note_stale
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.edits import edited_again
from stream_apps.gatekeeper.stale import ask_about_stale
from tests.claims.gate import CATALOGUE, asked, commit, proposed, routed, step
from tests.store.acting import said, state_of
from tests.store.examples import HOUR, NOON, decided
from tests.store.turns import blocked, holding
from tests.stores import migrated

LATER = NOON + 2 * HOUR  # past the use-by of what was approved at noon


@pytest.fixture
def store(postgres_url: str) -> Iterator[Engine]:
    migrated(postgres_url)
    engine = open_store(postgres_url, pool_size=10)
    yield engine
    engine.dispose()


def committing(store: Engine, *records: Any) -> None:
    with store.begin() as conn:
        commit_batch(conn, records, CATALOGUE, LATER)


def pay(name: object, revision: int = 1) -> ApprovalRequested:
    return asked(proposed(step("pay", what=f"{name} {revision}"), name=name, revision=revision))


def test_what_one_batch_asks_the_other_may_decide_and_the_reverse(store: Engine) -> None:
    """Each opens a gate that the other decides: it may not hold its own and wait for the other's."""
    first, second = pay("first"), pay("second")
    here, there = threading.Event(), threading.Event()

    def gatekeeper(records: Sequence[Any], mine: threading.Event, others: threading.Event) -> None:
        def meet() -> bool:
            mine.set()
            return others.is_set() or blocked(store) > 0

        with holding(store, ["pg_advisory_xact_lock"], meet) as conn:
            commit(conn, *records)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(gatekeeper, [first, decided(second)], here, there)
        two = pool.submit(gatekeeper, [second, decided(first)], there, here)
        one.result(60), two.result(60)
    with store.begin() as conn:
        assert [state_of(conn, each) for each in (first, second)] == ["APPROVED", "APPROVED"]


def test_a_newer_revision_and_a_decision_about_the_older_take_turns(store: Engine) -> None:
    """The one holds the older's clearance and wants a gate, the other has that and renews the clearance."""
    first = pay("first")
    with store.begin() as conn:
        commit(conn, first)
        commit(conn, decided(first))
        assert ask_again(conn, LATER, partial(edited_again, catalogue=CATALOGUE)) == 1
        [again] = said(conn, ApprovalRequested)
    names = (pay(name) for name in count())
    beside = next(each for each in names if each.request_id < again.request_id)  # locked before it
    with store.begin() as conn:
        commit(conn, beside)
        commit_batch(conn, [again], CATALOGUE, LATER)
    approvals = [decided(again, at=LATER), decided(beside, at=LATER, by="bob")]
    revision = routed(proposed(step("pay", what="more"), name="first", revision=2))
    with ThreadPoolExecutor(1) as pool:
        started: list[Future[object]] = []

        def other_waits() -> bool:
            if not started:
                started.append(pool.submit(committing, store, *approvals))
            return blocked(store) == 1

        with holding(store, ["FOR UPDATE"], other_waits) as conn:
            commit_batch(conn, [revision, decided(beside, at=LATER, by="eve")], CATALOGUE, LATER)
        started[0].result(60)
    with store.begin() as conn:
        assert state_of(conn, beside) == "APPROVED"
        assert state_of(conn, again) == "PENDING"  # its newer revision took its place


def test_the_clock_and_a_renewal_take_turns(store: Engine) -> None:
    """The one holds the clearance and marks the gate that gave it, the other has the gate and renews it."""
    first = pay("first")
    with store.begin() as conn:
        commit(conn, first)
        commit(conn, decided(first))
        ask_again(conn, LATER, partial(edited_again, catalogue=CATALOGUE))
        [again] = said(conn, ApprovalRequested)
        commit_batch(conn, [again], CATALOGUE, LATER)
        note_stale(conn, [Stale(first.digest, "the catalogue has changed")], LATER)
    late = decided(first, at=LATER, by="bob")
    with ThreadPoolExecutor(1) as pool:
        started: list[Future[object]] = []

        def other_waits() -> bool:
            if not started:
                started.append(pool.submit(committing, store, late, decided(again, at=LATER)))
            return blocked(store) == 1

        locks = ["ORDER BY gates.gate_id FOR UPDATE", "ORDER BY clearances.digest FOR UPDATE"]
        with holding(store, locks, other_waits) as conn:
            assert ask_about_stale(conn, CATALOGUE, LATER, 500) == 1
        started[0].result(60)
    with store.begin() as conn:
        assert state_of(conn, again) == "APPROVED"
