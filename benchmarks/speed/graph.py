"""The graph that is resumed: a gate and one effect, which notes the time. And its twin without Plangate."""

import time
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from gate_events.pause import GateQuestion, question_value
from gate_events.values import Agent
from gate_events.values import Step as StepValue
from plangate import Plan, Step, effect, effects, gate

GOAL = "Note the time"
AGENT = "speed"


class State(TypedDict, total=False):
    """What is checkpointed."""

    task: str
    verdict: dict[str, Any]
    done: Any


async def ask(state: State) -> State:
    """The gate."""
    step = Step("note_time", {"task": state["task"]})
    return {"verdict": gate(Plan(goal=GOAL, steps=[step], agent=AGENT, proposer=AGENT)).to_dict()}


async def act(state: State) -> State:
    """The effect, through the ledger."""
    return {"done": await effects().once(state["verdict"]["steps"][0], note_time)}


@effect("note_time")
async def note_time(_step: Step) -> float:
    """The effect: seconds since the epoch."""
    return time.time()


async def plain_ask(state: State) -> State:
    """The same question without a gate."""
    step = StepValue(step_id="s1", action_type="note_time", arguments={"task": state["task"]})
    question = GateQuestion(goal=GOAL, steps=(step,), agent=Agent(name=AGENT), proposer=AGENT)
    return {"verdict": interrupt(question_value(question))}


async def plain_act(_state: State) -> State:
    """The same effect without a ledger."""
    return {"done": time.time()}


def built(ask: Any, act: Any) -> Any:
    """Ask, then act."""
    edges = StateGraph(State).add_node("ask", ask).add_node("act", act)
    return edges.add_edge(START, "ask").add_edge("ask", "act").add_edge("act", END)


graph = built(ask, act)
plain = built(plain_ask, plain_act)
