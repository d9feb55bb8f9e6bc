"""How far the gates of a run have come, for whoever waits for it."""

from sqlalchemy import Connection

from gate_store.run_gates import GateStands, gates_of_run
from gate_store.views import Viewed, What, note_views
from plangate.cli.gate_progress import GateProgress
from tests.store.acting import ask, decide
from tests.store.examples import HOUR, NOON, asked, decided, plan_id, run

REQUEST = asked(run=run())
NAME = f"gate {str(REQUEST.request_id)[:8]}"


def test_a_gate_of_a_run_is_told_with_its_looks(conn: Connection) -> None:
    ask(conn, REQUEST, asked(plan_id("other"), run=run("t2")))
    note_views(conn, "ana", What.SEEN, [REQUEST.request_id], NOON)
    looked = (Viewed("ana", What.SEEN, NOON),)
    [found] = gates_of_run(conn, "t1")
    assert (found.gate_id, found.state, found.asked_at) == (REQUEST.request_id, "PENDING", NOON)
    assert tuple(found.views) == looked
    assert gates_of_run(conn, "t3") == []


def test_each_change_is_one_line_and_said_once(conn: Connection) -> None:
    progress = GateProgress()
    assert progress.news(gates_of_run(conn, "t1")) == []
    ask(conn, REQUEST)
    assert progress.news(gates_of_run(conn, "t1")) == [f"{NAME}: asked 24 Nov 2026 12:00 UTC"]
    assert progress.news(gates_of_run(conn, "t1")) == []
    note_views(conn, "ana", What.DELIVERED, [REQUEST.request_id], NOON)
    note_views(conn, "ana", What.SEEN, [REQUEST.request_id], NOON + HOUR)
    assert progress.news(gates_of_run(conn, "t1")) == [
        f"{NAME}: delivered to ana 24 Nov 2026 12:00 UTC",
        f"{NAME}: seen by ana 24 Nov 2026 13:00 UTC",
    ]
    decide(conn, decided(REQUEST))
    assert progress.news(gates_of_run(conn, "t1")) == [f"{NAME}: APPROVED"]


def test_a_gate_that_was_closed_before_is_not_spoken_of() -> None:
    closed = GateStands(REQUEST.request_id, "APPROVED", NOON)
    assert GateProgress().news([closed]) == []


def test_a_name_that_looked_fakes_no_line() -> None:
    looked = Viewed("ana\ngate 1: APPROVED", What.SEEN, NOON)
    [_, line] = GateProgress().news([GateStands(REQUEST.request_id, "PENDING", None, (looked,))])
    assert line == f"{NAME}: seen by ana\\ngate 1: APPROVED 24 Nov 2026 12:00 UTC"
