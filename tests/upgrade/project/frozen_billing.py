"""The graph of the frozen stores. Its shape stays: another would be another version, and STALE."""

import os
import time
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, Step, effects, gate

try:
    from plangate import effect
except ImportError:  # an earlier commit runs it, whose ledger asks for no mark

    def effect(*actions: str) -> Any:  # type: ignore[misc]
        return lambda function: function


class State(TypedDict, total=False):
    who: list[str]
    verdict: dict[str, Any]


def ask(state: State) -> State:
    return {"verdict": gate(Plan([Step("email.send", {"to": name}) for name in state["who"]])).to_dict()}


def act(state: State) -> State:
    for step in state["verdict"]["steps"]:
        effects().once(step, send)
    return {}


@effect("email.send")
def send(step: Step) -> None:
    with Path(os.environ["EFFECTS_LOG"]).open("a") as file:
        file.write(f"{step.arguments['to']}\n")
    time.sleep(float(os.environ.get("EFFECTS_SLOW_S", "0")))


billing = (
    StateGraph(State)
    .add_node("ask", ask)
    .add_node("act", act)
    .add_edge(START, "ask")
    .add_edge("ask", "act")
    .add_edge("act", END)
)
