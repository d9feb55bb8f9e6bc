"""A graph whose effects return much: what does not fit on a full disk."""

import asyncio
import os
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, Step, effect, effects, gate

MUCH = 60_000  # bytes, incompressible


class State(TypedDict, total=False):
    who: list[str]
    verdict: dict[str, Any]
    sent: list[Any]


def log(line: str) -> None:
    with Path(os.environ["EFFECTS_LOG"]).open("a") as file:
        file.write(line + "\n")


def ask(state: State) -> State:
    steps = [Step("email.send", {"to": name}) for name in state["who"]]
    return {"verdict": gate(Plan(steps, "remind", "biller", "billing-service")).to_dict()}


@effect("email.send")
async def send(step: Step) -> str:
    log(f"begin {step.arguments['to']}")
    await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
    log(f"end {step.arguments['to']}")
    return os.urandom(MUCH).hex()


async def act(state: State) -> State:
    return {"sent": [await effects().once(step, send) for step in state["verdict"]["steps"]]}


heavy = (
    StateGraph(State)
    .add_node("ask", ask)
    .add_node("act", act)
    .add_edge(START, "ask")
    .add_edge("ask", "act")
    .add_edge("act", END)
    .compile()
)
