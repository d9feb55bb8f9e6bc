"""What a person sees, as JSON."""

import json
from uuid import uuid4

from sqlalchemy import Connection, update

from gate_events.words import DecisionKind, StepStatus
from gate_store.clearances import record_cleared
from gate_store.decided import decided_on
from gate_store.ledger import claim_effect, finish_effect
from gate_store.lookup import plan_of
from gate_store.outcomes import record_outcomes
from gate_store.queries import count_pending, count_runs, decisions_of, effects_of, list_runs, pending, show
from gate_store.tables import runs
from tests.store.acting import ask, decide
from tests.store.examples import HOUR, NOON, STEPS, asked, cleared, decided, executed, plan_id, run


def test_pending_gates_come_by_deadline_with_their_voices(conn: Connection) -> None:
    urgent, patient = asked(plan_id(1), quorum=2), asked(plan_id(2), deadline=NOON + 2 * HOUR)
    closed = asked(plan_id(3))
    ask(conn, patient, urgent, closed)
    decide(conn, decided(urgent), decided(closed))
    first, second = pending(conn)
    assert (first["request_id"], second["request_id"]) == (str(urgent.request_id), str(patient.request_id))
    assert (first["state"], first["approved_by"], first["verdict"]) == ("PENDING", ["ada"], None)
    assert first["review"]["groups"][0]["text"] == "Send 2 emails"
    assert count_pending(conn) == 2
    assert [*pending(conn, limit=1), *pending(conn, limit=1, skip=1)] == [first, second]


def test_a_plan_is_shown_whole_by_its_id_or_its_gates(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    decide(conn, decided(request))
    for step in STEPS:
        claim = claim_effect(conn, request.plan_id, request.digest, step, "w", NOON)
        finish_effect(conn, claim, StepStatus.SUCCEEDED, NOON)
    conn.execute(update(runs).values(status="DONE"))
    record_outcomes(conn, [executed(request)], NOON)
    seen = show(conn, request.plan_id)
    assert plan_of(conn, str(request.request_id)) == request.plan_id
    assert seen is not None
    assert (seen["gates"][0]["state"], seen["gates"][0]["verdict"]["decided_by"]) == ("APPROVED", "ada")
    assert [each["disposition"] for each in seen["decisions"]] == ["DECIDED"]
    assert [each["digest"] for each in seen["clearances"]] == [request.digest]
    assert [(each["decided"], each["decided_by"], each["status"]) for each in seen["runs"]] == [
        ("APPROVED", "ada", "DONE")
    ]
    assert [each["state"] for each in seen["effects"]] == ["SUCCEEDED", "SUCCEEDED"]
    assert seen["outcome"]["status"] == "DONE"
    assert json.loads(json.dumps(seen)) == seen


def test_a_plan_without_a_gate_is_shown_too(conn: Connection) -> None:
    record_cleared(conn, [cleared()], NOON)
    seen = show(conn, plan_id())
    assert seen is not None
    assert (seen["gates"], seen["outcome"]) == ([], None)
    assert seen["clearances"][0]["gate_id"] is None


def test_an_unknown_id_shows_nothing(conn: Connection) -> None:
    assert show(conn, uuid4()) is None
    assert decisions_of(conn, uuid4()) == []
    assert effects_of(conn, uuid4()) == []


def test_runs_are_listed_by_status(conn: Connection) -> None:
    ask(conn, asked(plan_id(1), run=run("a")), asked(plan_id(2), run=run("b")))
    decide(conn, decided(asked(plan_id(2), run=run("b"))))
    assert {each["thread_id"] for each in list_runs(conn)} == {"a", "b"}
    assert [each["thread_id"] for each in list_runs(conn, "READY")] == ["b"]
    assert (count_runs(conn), count_runs(conn, "READY"), count_runs(conn, "DONE")) == (2, 1, 0)
    assert [*list_runs(conn, limit=1), *list_runs(conn, limit=1, skip=1)] == list_runs(conn)
    assert json.dumps(list_runs(conn))


def test_what_was_decided_stands_apart_from_how_the_run_ended(conn: Connection) -> None:
    kinds = {"a": DecisionKind.APPROVE, "b": DecisionKind.REJECT, "c": DecisionKind.RESPOND}
    requests = {thread: asked(plan_id(ord(thread)), run=run(thread)) for thread in "abcd"}
    ask(conn, *requests.values())
    decide(conn, *(decided(requests[thread], kind) for thread, kind in kinds.items()))
    conn.execute(update(runs).where(runs.c.thread_id.in_(["a", "b", "c"])).values(status="DONE", answer=None))
    found = {each["thread_id"]: (each["decided"], each["decided_by"]) for each in list_runs(conn)}
    assert found == {
        "a": ("APPROVED", "ada"),
        "b": ("REJECTED", "ada"),
        "c": ("RESPONDED", "ada"),
        "d": ("PENDING", None),
    }


def test_a_plan_that_nobody_was_asked_about_is_cleared(conn: Connection) -> None:
    record_cleared(conn, [cleared()], NOON)
    assert decided_on(conn, {plan_id(), plan_id(2)}) == {plan_id(): ("CLEARED", None, "", 1)}
