"""A state whose classes no schema names: langgraph.json does."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypedDict

from graph import act, log  # type: ignore[import-not-found]
from langgraph.graph import StateGraph
from pydantic import BaseModel

from plangate import Plan, Step, gate


class Order(BaseModel):
    number: int


@dataclass
class Line:
    article: str


class Colour(Enum):
    RED = "red"


class Shop:
    class Size(Enum):
        LARGE = "large"


MADE = {
    "model": Order(number=7),
    "dataclass": Line("shoes"),
    "enum": Colour.RED,
    "inner": Shop.Size.LARGE,
}


class State(TypedDict, total=False):
    holds: list[str]  # keys of MADE
    later: list[str]  # what the first answer adds
    made: Any
    verdict: dict[str, Any]


def make(state: State) -> State:
    return {"made": {"deep": [MADE[name] for name in state["holds"]]}}


def ask(_state: State) -> State:
    return {"verdict": gate(Plan([Step("email.send", {"to": "ann"})], "remind")).to_dict()}


def look(state: State) -> State:
    as_made = [MADE[name] for name in state["holds"]] == state["made"]["deep"]
    log("as it was made" if as_made else f"another: {state['made']!r}")
    return {}


def make_more(state: State) -> State:
    return {"made": [MADE[name] for name in state["later"]]}


def graph_of(**nodes: Any) -> Any:
    """One node after another."""
    builder = StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node)
    for one, next_one in zip(nodes, list(nodes)[1:], strict=False):
        builder.add_edge(one, next_one)
    return builder.set_entry_point(next(iter(nodes))).compile()


any_state = graph_of(make=make, ask=ask, look=look, act=act)
any_state_twice = graph_of(make=make, ask=ask, act=act, make_more=make_more, ask_again=ask)
no_gate = graph_of(make=make)
