"""What waits for something that has not come has bounds: the first stay, what is beyond is said aloud."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from gate_events.records import DecisionMade, PlanExecuted, StepResult
from gate_events.values import Step
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_store import bulk, dialects, docket, paging, room, taken_at_once, uncounted_outcomes, waiting_plans
from gate_store.awaited import settle_waiting_outcomes
from gate_store.clock import settle_waiting
from gate_store.dialects import on_postgres
from gate_store.dispositions import Fate
from gate_store.outcomes import record_outcomes
from gate_store.room import Room, Waiting
from gate_store.tables import decisions, gates, plan_outcomes
from gate_store.tables import uncounted_outcomes as beside
from gate_store.tables import waiting_plans as waiting_rows
from gate_store.taken_at_once import TooMuchAtOnceError
from tests.claims.gate import asked as asked_by_router
from tests.claims.gate import commit, may_run, proposed, refusals, routed, step
from tests.store.acting import ask, clear, decide, state_of
from tests.store.examples import HOUR, NOON, asked, cleared, decided, executed, plan_id

FEW = Room(6, by_name=2)


def of_size(size: int) -> str:
    return "x" * (size - 2)  # beside its quotes


def test_small_ones_are_counted_and_large_ones_weighed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LARGE_ONES", 100_000)
    waiting = Waiting(Room(6))
    assert [waiting.objection("gate", None, of_size(50_000)) for _ in range(2)] == [None, None]
    assert waiting.objection("gate", None, of_size(20_000)) is not None
    assert waiting.objection("another gate", None, of_size(20_000)) is None
    assert [waiting.objection("gate", None, "small") for _ in range(4)] == [None] * 4
    assert waiting.objection("gate", None, "small") is not None


def test_one_name_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LARGE_ONES", 100_000)
    waiting = Waiting(Room(6, by_name=3))
    assert waiting.objection("gate", "mallory", of_size(50_000)) is None
    assert "of one name" in str(waiting.objection("gate", "mallory", of_size(20_000)))
    assert waiting.objection("gate", "ann", of_size(20_000)) is None
    assert [waiting.objection("gate", "mallory", "small") for _ in range(2)] == [None, None]
    assert "of one name" in str(waiting.objection("gate", "mallory", "small"))


def lie(number: int, **changes: Any) -> DecisionMade:
    told = decided(asked(), DecisionKind.REJECT, by="mallory")
    return msgspec.structs.replace(told, event_id=plan_id(f"lie {number}"), revision=7, **changes)


def test_decisions_of_one_name_crowd_out_no_other_that_waits_for_the_gate(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docket, "DECISIONS", FEW)
    lies = [lie(number) for number in range(5)]
    assert [each.fate for each in decide(conn, *lies[:3])] == [Fate.WAITING, Fate.WAITING, Fate.DEAD_LETTER]
    [beyond] = decide(conn, lies[3])
    assert beyond.fate is Fate.DEAD_LETTER
    assert beyond.why == (
        "its approval request has not come yet, and as much of one name waits for it already as is kept:"
        " decide again once it has"
    )
    honest = decided(asked())
    assert [each.fate for each in decide(conn, honest)] == [Fate.WAITING]
    assert [each.fate for each in decide(conn, lies[0], honest)] == [Fate.WAITING, Fate.WAITING]
    ask(conn, asked())
    assert state_of(conn, asked()) == "APPROVED"
    assert [each.fate for each in decide(conn, lies[4])] == [Fate.LATE]


def test_decisions_of_many_names_wait_within_bounds(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docket, "DECISIONS", FEW)
    for number in range(20):
        decide(conn, lie(number, decided_by=f"mallory {number}"))
    assert conn.execute(select(func.count()).select_from(decisions)).scalar() == FEW.records


def test_large_decisions_wait_within_bounds(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LARGE_ONES", 100_000)
    large = (Step(step_id="s1", action_type="email.send", arguments={"to": "x" * 40_000}),)
    edits = [
        lie(number, kind=DecisionKind.EDIT, steps=large, decided_by=f"mallory {number}")
        for number in range(9)
    ]
    for edit in edits:
        decide(conn, edit)
    assert conn.execute(select(func.count()).select_from(decisions)).scalar() == 2
    assert [each.fate for each in decide(conn, decided(asked()))] == [Fate.WAITING]


def test_words_of_the_gate_for_gates_that_are_not_there_wait_within_the_bounds_of_their_plan(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docket, "DECISIONS", FEW)
    for number in range(9):
        gate = plan_id(f"gate {number}")
        decide(conn, lie(number, kind=DecisionKind.SUPERSEDE, request_id=gate, decided_by=f"gate {number}"))
    assert conn.execute(select(func.count()).select_from(decisions)).scalar() == FEW.records


def telling(number: int, size: int = 1) -> PlanExecuted:
    """Another story each time about a plan that nothing cleared so far."""
    results = tuple(
        StepResult(
            step_id=f"s{bit}",
            status=StepStatus.SUCCEEDED if number >> bit & 1 else StepStatus.FAILED,
            detail="d" * size,
            finished_at=NOON,
        )
        for bit in range(5)
    )
    told = msgspec.structs.replace(executed(cleared()), event_id=plan_id(f"told {number}"), results=results)
    return msgspec.structs.replace(told, status=OutcomeStatus.FAILED)


def tellings(conn: Connection) -> int:
    tables = (plan_outcomes, beside)
    return sum(conn.execute(select(func.count()).select_from(table)).scalar() or 0 for table in tables)


def test_outcomes_wait_for_a_clearance_within_bounds_and_the_first_stays(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uncounted_outcomes, "OUTCOMES", FEW)
    honest = executed(cleared())
    assert record_outcomes(conn, [honest], NOON) == {}
    refused = [record_outcomes(conn, [telling(number)], NOON) for number in range(20)]
    assert [bool(each) for each in refused] == [False] * 5 + [True] * 15
    assert refused[-1][0] == (
        "its plan was not cleared yet, and as much waits for it already as is kept:"
        " tell it once the plan is cleared"
    )
    attempts = [msgspec.structs.replace(honest, attempt=2 + number, digest="f" * 64) for number in range(3)]
    assert len(record_outcomes(conn, attempts, NOON)) == 3
    assert record_outcomes(conn, [honest, telling(0)], NOON).keys() <= {1}
    assert tellings(conn) == FEW.records
    clear(conn, cleared())
    assert tellings(conn) >= 1


def test_large_outcomes_wait_within_bounds(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LARGE_ONES", 200_000)
    for number in range(20):
        record_outcomes(conn, [telling(number, size=16_000)], NOON)
    assert tellings(conn) == 2


def test_what_was_cleared_has_room_for_its_outcome_whatever_waits(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uncounted_outcomes, "OUTCOMES", FEW)
    for number in range(9):
        record_outcomes(conn, [msgspec.structs.replace(telling(number), digest="f" * 64)], NOON)
    clear(conn, cleared())
    assert record_outcomes(conn, [executed(cleared())], NOON) == {}


def early(revision: int) -> Any:
    return routed(proposed(step("look", what=f"revision {revision}"), revision=revision))


def test_early_revisions_wait_within_bounds_and_the_first_have_their_turn(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_plans, "REVISIONS", FEW)
    refused = [refusals(commit(conn, early(revision))) for revision in range(2, 12)]
    assert [bool(each) for each in refused] == [False] * 6 + [True] * 4
    assert "came before the one before it, and as much waits for it already as is kept" in refused[-1][0]
    assert refusals(commit(conn, early(2))) == []
    commit(conn, routed(proposed()))
    assert {early(revision).digest for revision in range(2, 8)} <= may_run(conn)
    assert conn.execute(select(waiting_rows)).all() == []


def test_a_claim_that_waits_is_read_when_its_turn_comes_and_not_for_each_that_comes_after_it(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(body: str, kind: type[Any]) -> Any:
        read.append(body)
        return dialects.read(body, kind)

    monkeypatch.setattr(waiting_plans, "read", noted)
    for revision in range(2, 12):
        commit(conn, early(revision))
    assert read == []
    commit(conn, routed(proposed()))
    assert len(read) == 10


def test_rows_of_many_bytes_go_in_several_statements(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not on_postgres(conn):
        return  # it gets row by row anyway
    monkeypatch.setattr(bulk, "_MOST_BYTES", 3_000)
    requests = [asked(plan_id(number)) for number in range(20)]
    ask(conn, *requests)
    assert conn.execute(select(func.count()).select_from(gates)).scalar() == 20
    later = [{"gate_id": each.request_id, "ask_again_at": NOON + timedelta(hours=1)} for each in requests]
    assert bulk.update_rows(conn, gates, later, ["gate_id"]) == 20


def test_what_is_given_up_is_given_up_in_pages(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_BYTES", 50_000)
    large = (Step(step_id="s1", action_type="email.send", arguments={"to": "x" * 20_000}),)
    lies = [lie(number, steps=large, request_id=plan_id(f"gate {number}")) for number in range(9)]
    decide(conn, *lies)
    for number in range(9):
        of_plan = proposed(step("look", what="x" * 20_000), name=f"plan {number}", revision=2)
        commit(conn, routed(of_plan))
        told = msgspec.structs.replace(telling(0, size=4_000), plan_id=plan_id(f"plan {number}"))
        record_outcomes(conn, [told], NOON)
    for settle in (settle_waiting, waiting_plans.settle_waiting_plans, settle_outcomes):
        pages = []
        while page := settle(conn, NOON + HOUR, HOUR / 2):
            pages.append(len(page))
        assert pages == [3, 3, 3]


def settle_outcomes(conn: Connection, now: datetime, patience: timedelta) -> list[Any]:
    page = settle_waiting_outcomes(conn, now, patience)
    assert page.are_all or page.letters
    assert page.are_all == (tellings(conn) == 0)
    return page.letters


def test_a_batch_that_would_take_too_much_of_what_waits_is_taken_in_parts(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken_at_once, "MOST_BYTES", 50_000)
    large = (Step(step_id="s1", action_type="email.send", arguments={"to": "x" * 20_000}),)
    requests = [asked_by_router(proposed(step("pay"), name=number)) for number in range(4)]
    decide(conn, *(lie(n, steps=large, request_id=each.request_id) for n, each in enumerate(requests)))
    early_ones = [routed(proposed(step("look", what="x" * 30_000), name=n, revision=2)) for n in range(2)]
    for each in early_ones:
        commit(conn, each)
    with pytest.raises(TooMuchAtOnceError):
        commit(conn, *requests[2:], *early_ones)
    with pytest.raises(TooMuchAtOnceError):
        commit(conn, *requests)
    commit(conn, *requests[2:])
    for request in requests[:2]:
        commit(conn, request)
    assert {state_of(conn, request) for request in requests} == {"PENDING"}


def test_a_batch_of_approvals_counts_the_outcomes_that_wait_for_them(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [asked_by_router(proposed(step("pay"), name=number)) for number in range(4)]
    commit(conn, *requests)
    for request in requests:
        told = msgspec.structs.replace(telling(0, size=4_000), plan_id=request.plan_id, digest=request.digest)
        record_outcomes(conn, [told], NOON)
    monkeypatch.setattr(taken_at_once, "MOST_BYTES", 50_000)
    approvals = [decided(request) for request in requests]
    with pytest.raises(TooMuchAtOnceError):
        commit(conn, *approvals)
    for approval in approvals:
        commit(conn, approval)
    assert {state_of(conn, request) for request in requests} == {"APPROVED"}
