"""Open gates are said once more to a broker that forgot them, and nothing else comes of it."""

from sqlalchemy import Connection, delete

from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind
from gate_store.open_again import publish_open_gates
from gate_store.tables import outbox
from tests.store.acting import ask, decide, said, state_of
from tests.store.examples import NOON, asked, decided, plan_id


def test_the_requests_of_open_gates_alone_are_published_again(conn: Connection) -> None:
    is_open, rejected = asked(plan_id("open")), asked(plan_id("rejected"))
    ask(conn, is_open, rejected)
    decide(conn, decided(rejected, DecisionKind.REJECT))
    conn.execute(delete(outbox))
    assert publish_open_gates(conn, NOON) == 1
    assert publish_open_gates(conn, NOON) == 1  # it waits already
    assert said(conn, ApprovalRequested) == [is_open]


def test_a_request_that_comes_again_opens_nothing_and_says_nothing(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    conn.execute(delete(outbox))
    assert ask(conn, request) == []
    assert state_of(conn, request) == "PENDING"
    assert said(conn, ApprovalRequested) == []
