"""How often a batch asks the store does not grow with the plans in it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gate_events.records import PlanProposed
from tests.claims.gate import commit, proposed, routed, step

KINDS: dict[str, Callable[[object], PlanProposed]] = {
    "asked": lambda name: proposed(step("pay", what=name), name=name),
    "cleared": lambda name: proposed(step("mail", to=f"{name}@example.org"), name=name),
    "revised": lambda name: proposed(step("pay", what=f"{name} once more"), name=name, revision=2),
}


def statements(conn: Connection, records: list[Any]) -> list[str]:
    said: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(conn, "before_cursor_execute", note)
    commit(conn, *records)
    event.remove(conn, "before_cursor_execute", note)
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_many_plans_asks_the_store_as_often_as_one_of_two(conn: Connection, kind: str) -> None:
    counts = []
    for number in (2, 9):
        names = [f"{kind} {number} {each}" for each in range(number)]
        if kind == "revised":
            commit(conn, *(routed(KINDS["asked"](name)) for name in names))
        counts.append(len(statements(conn, [routed(KINDS[kind](name)) for name in names])))
    assert counts[0] == counts[1]
