"""A beginning of an id names what its reader saw, whatever ids others have chosen since."""

from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection

from gate_events.words import DecisionKind
from gate_store.lookup import (
    GateClosedError,
    NoSuchGateError,
    NoSuchPlanError,
    plan_of,
    waiting_gate,
    waiting_gate_of_plan,
    waiting_gate_with,
)
from gate_store.queries import decisions_of, show
from tests.store.acting import ask, decide
from tests.store.examples import asked, decided, plan_id


def test_a_gate_is_found_by_the_beginning_of_its_id_with_and_without_dashes(conn: Connection) -> None:
    request = asked()
    ask(conn, request, asked(plan_id(2)))
    for id_ in (str(request.request_id), request.request_id.hex):
        for length in (8, 20, len(id_)):
            assert waiting_gate(conn, id_[:length]) == request
            assert waiting_gate(conn, id_[:length].upper()) == request
    assert waiting_gate_of_plan(conn, str(request.plan_id)[:12]) == request


@pytest.mark.parametrize("wanted", ["", "%", "_", "zz", "0" * 40, "' or 1=1"])
def test_what_is_no_id_finds_nothing(conn: Connection, wanted: str) -> None:
    ask(conn, asked())
    for find in (waiting_gate, waiting_gate_of_plan):
        with pytest.raises(NoSuchGateError):
            find(conn, wanted)
    with pytest.raises(NoSuchPlanError):
        plan_of(conn, wanted)


def alike(first: UUID) -> tuple[UUID, UUID]:
    """Two ids that begin alike, as a proposer can make them."""
    return first, UUID(int=first.int ^ 1)


def test_what_was_shown_and_withdrawn_makes_way_for_nothing_that_begins_alike(conn: Connection) -> None:
    shown = asked(plan_id(1))
    one, other = alike(shown.request_id)
    swapped = msgspec.structs.replace(asked(plan_id(2)), request_id=other)
    ask(conn, shown)
    decide(conn, decided(shown, kind=DecisionKind.REJECT))
    ask(conn, swapped)
    with pytest.raises(NoSuchGateError, match=r"2 gates match .*; give more of it"):
        waiting_gate(conn, str(one)[:8])
    assert waiting_gate(conn, str(other)) == swapped
    with pytest.raises(GateClosedError, match="is REJECTED already"):
        waiting_gate(conn, str(one))


def test_steps_that_begin_alike_are_not_taken_for_one_another(conn: Connection) -> None:
    first = msgspec.structs.replace(asked(plan_id(1)), digest="a" * 20 + "0" * 44)
    second = msgspec.structs.replace(asked(plan_id(2)), digest="a" * 20 + "1" * 44)
    ask(conn, first)
    assert waiting_gate_with(conn, "A" * 12) == first
    ask(conn, second)
    with pytest.raises(NoSuchGateError, match="2 gates match"):
        waiting_gate_with(conn, "a" * 12)
    assert waiting_gate_with(conn, "a" * 20 + "1") == second


def test_a_plan_under_a_gates_id_is_shown_in_nobodys_stead(conn: Connection) -> None:
    honest = asked(plan_id(1))
    forged = asked(honest.request_id)
    ask(conn, honest, forged)
    decide(conn, decided(honest))
    assert plan_of(conn, str(honest.request_id)) == honest.plan_id
    assert plan_of(conn, str(forged.request_id)) == forged.plan_id == honest.request_id
    seen = show(conn, forged.plan_id)
    assert seen is not None
    assert [gate["request_id"] for gate in seen["gates"]] == [str(forged.request_id)]
    assert decisions_of(conn, forged.plan_id) == []
    with pytest.raises(NoSuchPlanError, match="2 plans match"):
        plan_of(conn, str(honest.request_id)[:20])
