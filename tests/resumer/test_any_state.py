"""A state typed Any holds objects of classes that langgraph.json names, or stops before anybody is asked."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gate_events.records import PlanProposed
from gate_store.database import utc_now
from gate_store.runs import register_run
from gate_store.savers.open import open_saver
from producers.errors import SubmitError
from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.graphs import load_graphs
from tests.resumer.stage import PROJECT, Stage

Happened = Callable[[], list[str]]

NAMED = [["any_state", "Order"], ["any_state", "Line"], ["any_state", "Colour"], ["any_state", "Size"]]
FILE = PROJECT / "any_state.py"


@pytest.fixture
def naming(stage: Stage, tmp_path: Path) -> Callable[[Any], Path]:
    """The stage's project from now on: the same graphs under a langgraph.json that names these classes."""

    def written(named: Any) -> Path:
        graphs = {name: f"{FILE}:{name}" for name in ("any_state", "any_state_twice", "no_gate")}
        stage.project = tmp_path
        file = tmp_path / "langgraph.json"
        file.write_text(
            json.dumps({"graphs": graphs, "checkpointer": {"serde": {"allowed_msgpack_modules": named}}})
        )
        return file

    return written


Naming = Callable[[Any], Path]


async def test_what_langgraph_json_names_is_the_same_behind_the_gate(
    stage: Stage, happened: Happened, naming: Naming
) -> None:
    file = naming(NAMED)
    stage.decide(await stage.submit("any_state", holds=["model", "dataclass", "enum"]))
    await stage.resume(graphs_file=file)
    assert happened() == ["as it was made", "ann"]


@pytest.mark.parametrize(
    ("holds", "named", "why"),
    [
        (
            "model",
            NAMED[1:],
            'any_state.Order.*add \\["any_state", "Order"\\] to checkpointer.serde.allowed_',
        ),
        ("dataclass", None, 'any_state.Line.*add \\["any_state", "Line"\\] to .* in langgraph.json'),
        ("enum", [], 'any_state.Colour.*add \\["any_state", "Colour"\\]'),
        ("inner", NAMED, "any_state.Size.*define it at the top of its module"),
    ],
)
async def test_what_would_come_back_as_a_plain_value_is_refused_before_anybody_is_asked(
    stage: Stage, naming: Naming, holds: str, named: Any, why: str
) -> None:
    naming(named)
    with pytest.raises(SubmitError, match=why):
        await stage.submit("any_state", holds=[holds])
    assert stage.said(PlanProposed) == []
    assert stage.run().status == "FAILED"


async def test_a_worker_that_would_read_another_state_does_nothing(
    stage: Stage, happened: Happened, naming: Naming
) -> None:
    naming(NAMED)
    stage.decide(await stage.submit("any_state", holds=["enum"]))
    await stage.resume("FAILED", graphs_file=naming(None))
    assert happened() == []
    assert 'add ["any_state", "Colour"]' in stage.run().error


async def test_the_next_gate_is_not_asked_about_such_a_state_either(
    stage: Stage, happened: Happened, naming: Naming
) -> None:
    file = naming(NAMED[:1])
    first = await stage.submit("any_state_twice", holds=["model"], later=["dataclass"])
    stage.decide(first)
    await stage.resume("FAILED", graphs_file=file)
    assert happened() == ["ann"]
    assert 'add ["any_state", "Line"]' in stage.run().error
    assert stage.said(PlanProposed) == [first]


async def test_the_plan_of_an_agent_that_died_at_such_a_gate_is_not_asked_about(
    stage: Stage, naming: Naming
) -> None:
    file = naming(None)
    graph = (await load_graphs(file))["any_state"]
    with stage.engine.begin() as conn:
        register_run(conn, "t1", "any_state", "agent", 0.0, utc_now() - timedelta(seconds=60))
    async with open_saver(stage.url) as saver:
        at = {"configurable": {"thread_id": "t1"}}
        await graph.with_saver(saver).graph.ainvoke({"holds": ["enum"]}, at)
    await stage.resume("FAILED", graphs_file=file, lease_s=0.3)
    assert 'add ["any_state", "Colour"]' in stage.run().error
    assert stage.said(PlanProposed) == []


async def test_a_graph_that_ends_without_a_gate_may_hold_what_it_likes(stage: Stage, naming: Naming) -> None:
    naming(None)
    with pytest.raises(IndexError):  # no plan was published
        await stage.submit("no_gate", holds=["model"])
    assert stage.run().status == "DONE"


async def test_the_key_of_langgraph_json_is_read_or_refused(naming: Naming) -> None:
    for named, why in (
        (True, "is true: who can write to the store could run any code"),
        ("any_state", "is 'any_state', no list"),
        ([["my_agent", "models", "Order"]], "which names no class; write"),
    ):
        with pytest.raises(GraphsError, match=f"checkpointer.serde.allowed_msgpack_modules .*{why}"):
            await load_graphs(naming(named))
