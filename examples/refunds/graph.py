"""An agent that pays refunds: it plans, asks at the gate, and pays what the verdict covers."""

from pathlib import Path

from langgraph.graph import END, START, StateGraph
from plangate import Plan, Step, effect, effects, gate
from policy import refund_for
from schemas import State


def plan(state: State) -> State:
    """Decide what to do; do nothing yet."""
    steps = [Step("pay_refund", {"order": order, "amount": refund_for(order)}) for order in state["orders"]]
    return {"plan": Plan(goal="Refund orders that came late", steps=steps).to_dict()}


def ask(state: State) -> State:
    """The gate, and nothing but the gate: this node runs again from its top when the verdict is there."""
    return {"verdict": gate(state["plan"]).to_dict()}


def act(state: State) -> State:
    """Each step of the verdict, once. A rejected plan has no steps."""
    for step in state["verdict"]["steps"]:
        effects().once(step, pay)
    return {}


@effect("pay_refund")
def pay(step: Step) -> str:
    """The effect itself. Here it writes a line; yours calls the bank."""
    with Path("refunds.txt").open("a", encoding="utf-8") as book:
        book.write(f"{step.arguments['order']} {step.arguments['amount']}\n")
    return "paid"


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
