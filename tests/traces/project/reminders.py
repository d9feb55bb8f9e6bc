"""A graph whose effects make calls that its author's own instrumentation traces."""

import asyncio
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from opentelemetry import trace

from plangate import Plan, Step, effect, effects, gate

ARGUMENT = "card-4111-1111"


class State(TypedDict, total=False):
    verdict: dict[str, Any]


def ask(state: State) -> State:
    steps = [
        Step("mail", {"to": ARGUMENT}, step_id="s1"),
        Step("post", {"to": ARGUMENT}, step_id="s2"),
        Step("fail", {"to": ARGUMENT}, step_id="s3"),
    ]
    return {"verdict": gate(Plan(steps, f"remind {ARGUMENT}", proposer="ben", agent="reminder")).to_dict()}


async def on_the_loop(state: State) -> State:
    await effects().once(state["verdict"]["steps"][0], mail)
    return {}


def in_a_thread(state: State) -> State:
    for step, function in zip(state["verdict"]["steps"][1:], (post, fail), strict=True):
        try:
            effects().once(step, function)
        except ValueError:
            return {}
    return {}


def _call(name: str) -> None:
    with trace.get_tracer("an author's").start_as_current_span(name):
        pass


@effect("mail")
async def mail(_step: Step) -> str:
    await asyncio.sleep(0)
    _call("GET /mail")
    return ARGUMENT


@effect("post")
def post(_step: Step) -> str:
    _call("GET /post")
    return ARGUMENT


@effect("fail")
def fail(_step: Step) -> str:
    raise ValueError(ARGUMENT)


graph = (
    StateGraph(State)
    .add_node(ask)
    .add_node(on_the_loop)
    .add_node(in_a_thread)
    .add_edge(START, "ask")
    .add_edge("ask", "on_the_loop")
    .add_edge("on_the_loop", "in_a_thread")
    .add_edge("in_a_thread", END)
)
