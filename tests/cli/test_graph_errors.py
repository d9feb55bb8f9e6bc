"""A graph that raises on its way to the gate is told in the user's own lines."""

import pytest

from tests.cli.commands import Shell

GRAPH = """\
import threading
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, Step, effect, effects, gate


class State(TypedDict):
    x: Any


@effect("note")
def note(step):
    return "noted"


def customers(state):
    raise ValueError("no customers\\nplangate: all is well\x1b[2J")


def raises(state):
    return {"x": customers(state)}


async def reads(state):
    open("/no/such/file")


def acts_early(state):
    effects().once(Step("note", {"text": "a"}), note)


def keeps(state):
    return {"x": threading.Lock()}


def ask(state):
    gate(Plan(goal="note it", steps=[Step("note", {"text": "a"})]))


def of(node):
    made = StateGraph(State).add_node("first", node).add_node("ask", ask)
    return made.add_edge(START, "first").add_edge("first", "ask").add_edge("ask", END)


one, two, three, four = of(raises), of(reads), of(acts_early), of(keeps)
"""
GRAPHS = "{" + ", ".join(f'"{name}": "./graph.py:{name}"' for name in ("one", "two", "three", "four")) + "}"


@pytest.fixture
def agent(stored: Shell) -> Shell:
    stored.write("langgraph.json", f'{{"graphs": {GRAPHS}}}')
    stored.write("graph.py", GRAPH)
    return stored


def test_what_a_node_raises_is_one_line_and_below_it_the_users_own(agent: Shell) -> None:
    ended = agent.run("submit", "one")
    assert (ended.code, ended.out) == (1, "")
    first, *rest = ended.err.splitlines()
    told = r"no customers\nplangate: all is well\x1b[2J"
    assert first.startswith(f"plangate: node first of graph 'one' raised ValueError: {told}; mend it")
    assert "--traceback" in first
    assert [line.strip() for line in rest] == [
        "graph.py:23, in raises",
        'return {"x": customers(state)}',
        "graph.py:19, in customers",
        r'raise ValueError("no customers\nplangate: all is well\x1b[2J")',
    ]


def test_the_whole_traceback_is_there_for_whoever_asks(agent: Shell) -> None:
    ended = agent.run("submit", "one", "--traceback")
    _, *rest = ended.err.splitlines()
    assert len(rest) > 20
    assert rest[0] == "    Traceback (most recent call last):"
    assert "no running event loop" not in ended.err
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ("two", "raised FileNotFoundError: [Errno 2] No such file or directory: '/no/such/file'"),
        ("three", "effects() works only while Plangate resumes the run"),
        ("four", "its state holds what no checkpoint can keep"),
    ],
)
def test_no_fault_of_a_graph_is_told_as_one_of_plangates(agent: Shell, graph: str, words: str) -> None:
    ended = agent.run("submit", graph)
    assert ended.code == 1
    assert words in ended.err.splitlines()[0]
    assert "Traceback" not in ended.err
