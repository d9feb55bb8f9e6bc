"""The demo's agent: a LangGraph graph that plans, asks, acts."""

from collections.abc import Callable
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, Step, effect, effects, gate
from plangate.demo.mail import send_notice
from plangate.demo.planner import branch_chooser, notice, steps_for_inquiry
from plangate.demo.story import Customer

GOALS = {
    "notices": "Tell customers that their invoice is overdue",
    "inquiry": "Answer a billing inquiry",
    "renotify": "Some customers are unsure whether they were told: tell everyone again",
}


class State(TypedDict, total=False):
    """What is checkpointed: plain JSON."""

    task: dict[str, Any]
    plan: dict[str, Any]
    verdict: dict[str, Any]
    done: list[str]


def plan(state: State) -> State:
    """Decide what to do; nothing is done yet."""
    kind = state["task"]["kind"]
    people = [Customer(number) for number in state["task"]["customers"]]
    if kind == "inquiry":
        steps = steps_for_inquiry(people[0], branch_chooser()(people[0].inquiry))
    else:
        late = kind == "renotify"
        steps = [notice(c, paid=late and c.paid_overnight) for c in people]
    return {"plan": Plan(goal=GOALS[kind], steps=steps).to_dict()}


def ask(state: State) -> State:
    """The gate, and nothing but the gate."""
    return {"verdict": gate(state["plan"]).to_dict()}


def act(state: State) -> State:
    """Each effect through the ledger: once, and only as approved."""
    steps = state["verdict"]["steps"]
    return {"done": [effects().once(step, ACTIONS[step["action_type"]]) for step in steps]}


@effect("look_up_invoice")
def look_up_invoice(step: Step) -> str:
    """Reads; changes nothing."""
    return f"{step.arguments['invoice']} is open"


@effect("add_note")
def add_note(step: Step) -> str:
    """A note in the customer's file."""
    return f"noted: {step.arguments['note']}"


@effect("tag_account")
def tag_account(step: Step) -> str:
    """A mark on the account; it can be taken back."""
    return f"tagged: {step.arguments['tag']}"


ACTIONS: dict[str, Callable[[Step], str]] = {
    "look_up_invoice": look_up_invoice,
    "add_note": add_note,
    "tag_account": tag_account,
    "send_overdue_notice": send_notice,
}

graph = (
    StateGraph(State)
    .add_node("plan", plan)
    .add_node("ask", ask)
    .add_node("act", act)
    .add_edge(START, "plan")
    .add_edge("plan", "ask")
    .add_edge("ask", "act")
    .add_edge("act", END)
)
