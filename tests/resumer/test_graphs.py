"""langgraph.json names graphs in projects that have files called as ours are."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.graphs import load_graphs

ROOT = Path(__file__).parents[2]

GRAPH = """
from typing import TypedDict
from langgraph.graph import StateGraph
from plangate import effects, gate
import schemas, policy, events
from inbox.rules import RULES
{more}

class State(TypedDict):
    names: list[str]

builder = StateGraph(State)
builder.add_node("ask", lambda state: {{"names": [schemas.NAME, policy.NAME, events.NAME, RULES]}})
builder.set_entry_point("ask")
graph = builder.compile()
"""

LOAD = """
import asyncio, sys
from pathlib import Path
from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.graphs import load_graphs
try:
    graphs = asyncio.run(load_graphs(Path("langgraph.json")))
except GraphsError as error:
    sys.exit(str(error))
import producers.gate
print(graphs["mine"].graph.invoke({"names": []})["names"], producers.gate.__file__)
"""


def project(folder: Path, more: str = "") -> Path:
    for name in ("schemas", "policy", "events"):
        (folder / f"{name}.py").write_text(f"NAME = 'my {name}'\n")
    for name, module in (("inbox", "rules"), ("producers", "mail")):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")
        (folder / name / f"{module}.py").write_text("RULES = 'my rules'\n")
    (folder / "graph.py").write_text(GRAPH.format(more=more))
    return configured(folder, {"mine": "./graph.py:graph"})


def configured(folder: Path, graphs: Any, **sections: Any) -> Path:
    file = folder / "langgraph.json"
    file.write_text(json.dumps({"graphs": graphs, **sections}))
    return file


def loaded_in(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Loaded by a process of its own, from the project's folder, where ours is an installed package."""
    code = f"import sys; sys.path[:] = [p for p in sys.path if p] + [{str(ROOT)!r}]\n{LOAD}"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_a_project_with_files_called_as_ours_works(tmp_path: Path) -> None:
    project(tmp_path)
    found = loaded_in(tmp_path)
    assert found.returncode == 0, found.stderr
    assert "['my schemas', 'my policy', 'my events', 'my rules']" in found.stdout
    assert str(ROOT / "producers") in found.stdout


def test_a_project_that_imports_its_own_producers_gets_one_clear_line(tmp_path: Path) -> None:
    project(tmp_path, "from producers.mail import RULES")
    found = loaded_in(tmp_path)
    assert found.returncode == 1
    assert len(found.stderr.strip().splitlines()) == 1
    assert "graph 'mine' (./graph.py)" in found.stderr
    assert "rename it, for example to my_producers" in found.stderr


@pytest.mark.parametrize(
    ("graphs", "source", "clue"),
    [
        ("./graph.py", "", "is not of the form file.py:name"),
        ("./none.py:graph", "", "is not there"),
        ("./graph.py:other", "graph = 1", "has no 'other'"),
        ("./graph.py:graph", "graph = 1", "is a int, no graph"),
        ("./graph.py:graph", "graph = (", "raised SyntaxError"),
        ("./graph.py:graph", "import not_installed", "No module named 'not_installed'"),
        ("./graph.py:graph", "def graph(): raise KeyError('token')", "raised KeyError: 'token'"),
        ("./graph.py:graph", "raise SystemExit(3)", "raised SystemExit"),
        ("no.such.package:graph", "", "No module named 'no'"),
        ({"path": 7}, "", "is no path"),
    ],
)
async def test_a_graph_that_does_not_load_gets_one_clear_line(
    tmp_path: Path, graphs: Any, source: str, clue: str
) -> None:
    (tmp_path / "graph.py").write_text(source)
    with pytest.raises(GraphsError, match=r"^graph 'mine'") as caught:
        await load_graphs(configured(tmp_path, {"mine": graphs}))
    assert clue in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_file_in_a_package_may_import_its_neighbours(tmp_path: Path) -> None:
    package = tmp_path / "src" / "my_agent"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "nodes.py").write_text("def node(state): return {}")
    (package / "graph.py").write_text(
        "from langgraph.graph import StateGraph\n"
        "from .nodes import node\n"
        "graph = StateGraph(dict).add_node('n', node).set_entry_point('n')\n"
    )
    graphs = await load_graphs(configured(tmp_path, {"mine": "./src/my_agent/graph.py:graph"}))
    assert "n" in graphs["mine"].graph.nodes


@pytest.mark.parametrize(
    ("text", "clue"), [("{", "is no JSON"), ("[]", "has no object under graphs"), (None, "cannot be read")]
)
async def test_a_broken_langgraph_json_gets_one_clear_line(
    tmp_path: Path, text: str | None, clue: str
) -> None:
    file = tmp_path / "langgraph.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(GraphsError, match=clue):
        await load_graphs(file)


async def test_an_unknown_key_under_plangate_is_named(tmp_path: Path) -> None:
    (tmp_path / "graph.py").write_text("graph = 1")
    graphs = {"mine": "./graph.py:graph"}
    with pytest.raises(GraphsError, match="plan_form_state"):
        await load_graphs(
            configured(tmp_path, graphs, plangate={"mine": {"plan_form_state": "./graph.py:f"}})
        )
    with pytest.raises(GraphsError, match="'other'"):
        await load_graphs(configured(tmp_path, graphs, plangate={"other": {}}))


NAMING = """
from langgraph.graph import StateGraph
from plangate import effect
def send(step): ...
@effect("pay", "wire")
def pay(step): ...
graph = StateGraph(dict).add_node("n", lambda state: {}).set_entry_point("n")
"""


async def test_the_functions_of_action_types_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "graph.py").write_text(NAMING)
    effects = {"send": "./graph.py:send", "pay": "./graph.py:pay", "wire": "./graph.py:pay"}
    file = configured(tmp_path, {"mine": "./graph.py:graph"}, plangate={"mine": {"effects": effects}})
    loaded = (await load_graphs(file))["mine"]
    assert {action: function.__name__ for action, function in loaded.effects.items()} == {
        "send": "send",
        "pay": "pay",
        "wire": "pay",
    }


@pytest.mark.parametrize("key", ["effects", "probes"])
@pytest.mark.parametrize("named", [["./graph.py:send"], "./graph.py:send", None, 7])
async def test_functions_that_are_not_named_by_action_type_are_refused(
    tmp_path: Path, key: str, named: Any
) -> None:
    (tmp_path / "graph.py").write_text(NAMING)
    file = configured(tmp_path, {"mine": "./graph.py:graph"}, plangate={"mine": {key: named}})
    with pytest.raises(GraphsError, match=rf"plangate\.mine\.{key} is .*send_email"):
        await load_graphs(file)


async def test_a_function_named_against_its_own_mark_is_refused_at_load(tmp_path: Path) -> None:
    (tmp_path / "graph.py").write_text(NAMING)
    effects = {"look_up": "./graph.py:pay"}
    file = configured(tmp_path, {"mine": "./graph.py:graph"}, plangate={"mine": {"effects": effects}})
    with pytest.raises(GraphsError, match=r"is named for look_up, but was declared for pay, wire only"):
        await load_graphs(file)
