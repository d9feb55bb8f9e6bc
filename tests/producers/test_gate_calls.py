"""A gate whose pause a node caught is noticed, and hides nothing else."""

from types import SimpleNamespace
from typing import Any

from gate_store.gate_calls import GateCalls


class Graph:
    """Stands at these nodes; or its store is away."""

    def __init__(self, *unfinished: str, fault: Exception | None = None) -> None:
        self._state = SimpleNamespace(tasks=[SimpleNamespace(name=name) for name in unfinished])
        self._fault = fault

    async def aget_state(self, _at: Any) -> Any:
        if self._fault:
            raise self._fault
        return self._state


def asked() -> GateCalls:
    calls = GateCalls()
    calls.note("i", "ask:1")
    return calls


async def test_a_node_that_ended_behind_its_gate_went_past_it() -> None:
    assert "node ask called gate() and went on" in (await asked().passed_before(Graph("act"), {}) or "")
    assert await asked().passed_before(Graph("ask"), {}) is None


async def test_a_store_that_is_away_takes_no_place_of_what_a_node_raised() -> None:
    assert await asked().passed_before(Graph(fault=ConnectionError("the store is away")), {}) is None


async def test_without_a_gate_nobody_looks() -> None:
    assert await GateCalls().passed_before(Graph(fault=AssertionError("looked")), {}) is None
