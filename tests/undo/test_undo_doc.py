"""What docs/agents.md says about undo, run as it stands."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

import plangate
from gate_events.ids import effect_key
from gate_policy.catalogue import load_catalogue
from gate_store.database import utc_now
from plangate.worker.undo_service import UndoService
from stream_apps.resumer.graphs import load_graphs
from tests.undo.scene import Scene

DOC = Path(plangate.__file__).parents[1] / "docs" / "agents.md"
GRAPH = """
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
class State(TypedDict): n: int
graph = StateGraph(State).add_node("n", lambda _: {}).add_edge(START, "n").add_edge("n", END)
"""


def block(kind: str) -> str:
    [found] = re.findall(rf"```{kind}\n(.*?)```", DOC.read_text(), re.DOTALL)
    return str(found)


async def test_the_example_undoes_a_run(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    imports = "from plangate import Step, effect, effects\n"
    (tmp_path / "undo_of_the_doc.py").write_text(imports + block("python undo"))
    named = block("json undo langgraph.json").replace("./undo.py", "./undo_of_the_doc.py")
    named = named.replace("./graph.py", "./graph_of_the_doc.py")
    (tmp_path / "langgraph.json").write_text(named)
    (tmp_path / "graph_of_the_doc.py").write_text(GRAPH)
    scene = Scene(store)
    scene.catalogue = load_catalogue(block("yaml catalogue"))
    plan = scene.undone("ann")
    graphs = await load_graphs(tmp_path / "langgraph.json")
    await UndoService(store, graphs, scene.ledger("r1"), scene.catalogue, 0.0, utc_now).look(asyncio.Event())
    [outcome] = scene.outcomes(plan)
    key = effect_key(plan.plan_id, "undo-s1")
    assert [each.result for each in outcome.results] == [f"untagged ann, once for {key}"]
