"""Graphs that stop at a gate, written as an agent's author would."""

from dataclasses import dataclass
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, Step, gate


class State(TypedDict, total=False):
    who: list[str]
    plan: dict[str, Any]
    verdict: dict[str, Any]


def make_plan(state: State) -> State:
    steps = [Step("send_email", {"to": name}) for name in state["who"]]
    return {"plan": Plan(steps, "remind them").to_dict()}


def ask(state: State) -> State:
    return {"verdict": gate(state["plan"]).to_dict()}


async def ask_async(state: State) -> State:
    return {"verdict": gate(state["plan"]).to_dict()}


def act(state: State) -> State:
    raise AssertionError(f"nothing behind the gate may run at submission: {state}")


def _needs_gate(state: State) -> str:
    return "ask" if state["who"] else END


def gated(*, asynchronous: bool = False, **compiling: Any) -> Any:
    """plan -> ask (the gate) -> act; with nobody to remind it ends before the gate."""
    builder = StateGraph(State)
    builder.add_node("plan", make_plan)
    builder.add_node("ask", ask_async if asynchronous else ask)
    builder.add_node("act", act)
    builder.add_edge(START, "plan")
    builder.add_conditional_edges("plan", _needs_gate, ["ask", END])
    builder.add_edge("ask", "act")
    builder.add_edge("act", END)
    return builder.compile(**compiling)


def static() -> Any:
    """plan -> act, compiled with interrupt_before."""
    builder = StateGraph(State)
    builder.add_node("plan", make_plan)
    builder.add_node("act", act)
    builder.add_edge(START, "plan")
    builder.add_edge("plan", "act")
    builder.add_edge("act", END)
    return builder.compile(interrupt_before=["act"])


@dataclass
class Customer:
    """A class of the author's own, kept in the state."""

    name: str


class RichState(TypedDict, total=False):
    """A state that is not plain JSON."""

    customers: list[Customer]


def find_customers(state: RichState) -> RichState:
    return {"customers": [*state["customers"], Customer("bob")]}


def static_rich() -> Any:
    """find -> act, compiled with interrupt_before; its plan stands nowhere in the state."""
    builder = StateGraph(RichState)
    builder.add_node("find", find_customers)
    builder.add_node("act", act)
    builder.add_edge(START, "find")
    builder.add_edge("find", "act")
    builder.add_edge("act", END)
    return builder.compile(interrupt_before=["act"])


def plan_for_customers(state: RichState) -> Plan:
    return Plan([Step("send_email", {"to": customer.name}) for customer in state["customers"]])


def plan_from_state(state: State) -> dict[str, Any]:
    return state["plan"]
