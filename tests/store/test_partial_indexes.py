"""What partial indexes are made for says its word in the statement: a parameter would hide them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from gate_store.awaited import ask_for_outcomes
from gate_store.backlog import open_gates, ready_runs, unasked_runs
from gate_store.clock import ask_expiry, settle_waiting
from gate_store.engine.port import Served
from gate_store.lost_claims import doubt_lost_claims
from gate_store.queries import pending
from gate_store.runs import orphans
from gate_store.stale import to_ask
from gate_store.undecided import count_undecided
from gate_store.undo_work import undo_plans_to_execute
from gate_store.unserved import paused_elsewhere, unserved
from tests.store.acting import ask_again
from tests.store.examples import HOUR, NOON

PERIODIC: dict[str, tuple[Callable[[Connection], Any], str]] = {
    "expiry": (lambda conn: ask_expiry(conn, NOON), "state = 'PENDING'"),
    "decisions that wait": (
        lambda conn: settle_waiting(conn, NOON, timedelta(seconds=1)),
        "disposition = 'WAITING'",
    ),
    "gates that expired": (lambda conn: count_undecided(conn, NOON), "state = 'EXPIRED'"),
    "pending gates": (pending, "state = 'PENDING'"),
    "approvals that were not used": (lambda conn: ask_again(conn, NOON), "ask_again_at <="),
    "outcomes that did not come": (
        lambda conn: ask_for_outcomes(conn, NOON, HOUR),
        "asked_at IS NULL",
    ),
    "stale clearances": (lambda conn: to_ask(conn, 500), "asked_at IS NULL"),
    "claims of services": (
        lambda conn: doubt_lost_claims(conn, NOON),
        "state = 'CLAIMED' AND effects.lease_until IS NOT NULL",
    ),
    "claims of runs": (
        lambda conn: doubt_lost_claims(conn, NOON),
        "state = 'CLAIMED' AND effects.thread_id IS NOT NULL",
    ),
    "undo plans": (lambda conn: undo_plans_to_execute(conn, ["billing"], NOON), "ended_at IS NULL"),
    "orphans": (lambda conn: orphans(conn, NOON + HOUR), "status = 'RUNNING'"),
    "runs that nobody asked about": (lambda conn: unasked_runs(conn, NOON), "status = 'PAUSED'"),
    "runs that wait for a resumer": (lambda conn: ready_runs(conn, NOON), "status = 'READY'"),
    "open gates": (lambda conn: open_gates(conn, NOON, HOUR), "state = 'PENDING'"),
    "unserved runs": (lambda conn: unserved(conn, Served({}, 300), NOON), "status = 'READY'"),
    "runs of graphs that changed": (
        lambda conn: paused_elsewhere(conn, Served({}, 0), 10),
        "status = 'PAUSED'",
    ),
}


@pytest.mark.parametrize("name", PERIODIC)
def test_a_periodic_statement_says_the_word_of_its_partial_index(store: Engine, name: str) -> None:
    statements: list[str] = []
    event.listen(store, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    ask, word = PERIODIC[name]
    with store.begin() as conn:
        ask(conn)
    assert any(word in statement for statement in statements), statements
