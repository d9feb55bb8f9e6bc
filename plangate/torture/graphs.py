"""The laboratory's agents: every way in which a graph meets a gate and acts behind it."""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, effects, gate
from plangate.torture.calling import call, call_async

AGENT = "torture-agent"


class State(TypedDict, total=False):
    """`plans` are the steps of each gate in turn, as the agent means to propose them."""

    plans: list[list[dict[str, Any]]]
    verdict: dict[str, Any]
    turn: int


def plan_of(state: State, number: int = 0) -> Plan:
    """What the agent proposes at its gate of that number."""
    return Plan(state["plans"][number], goal="be tortured", agent=AGENT)


def asking(number: int) -> Any:
    """A node that is a gate, and nothing else."""

    def ask(state: State) -> State:
        return {"verdict": gate(plan_of(state, number)).to_dict(), "turn": 0}

    return ask


async def act(state: State) -> State:
    """All approved steps, one after the other."""
    for step in state["verdict"]["steps"]:
        await effects().once(step, call_async)
    return {}


def act_blocking(state: State) -> State:
    """The same from a plain node."""
    for step in state["verdict"]["steps"]:
        effects().once(step, call)
    return {}


async def act_first(state: State) -> State:
    """The first approved step."""
    for step in state["verdict"]["steps"][:1]:
        await effects().once(step, call_async)
    return {}


def act_rest(state: State) -> State:
    """The other steps, in another node."""
    for step in state["verdict"]["steps"][1:]:
        effects().once(step, call)
    return {}


async def act_in_turn(state: State) -> State:
    """One step at each turn of a loop."""
    await effects().once(state["verdict"]["steps"][state["turn"]], call_async)
    return {"turn": state["turn"] + 1}


def more(state: State) -> str:
    """Whether the loop goes on."""
    return "act" if state["turn"] < len(state["verdict"]["steps"]) else END


async def act_as_planned(state: State) -> State:
    """What it planned, whatever the reviewer said; it swallows every refusal."""
    for number, step in enumerate(state["plans"][0], 1):
        try:
            await effects().once({**step, "step_id": f"s{number}"}, call_async)
        except Exception:  # noqa: S112 - an agent that does not listen
            continue
    return {}


def plan_only(state: State) -> State:
    """Puts the plan where a static gate finds it."""
    return {"verdict": plan_of(state).to_dict()}


def plan_from_state(values: State) -> dict[str, Any]:
    """The plan of the static gate."""
    return values["verdict"]


def apply_edit(values: State, answer: Any) -> State:
    """The approved steps in the place of the planned ones."""
    steps = [
        {"step_id": step.step_id, "action_type": step.action_type, "arguments": step.arguments}
        for step in answer.steps
    ]
    return {"verdict": {**values["verdict"], "steps": steps}}


def rest(_state: State) -> State:
    """Nothing more."""
    return {}


def chain(**nodes: Any) -> Any:
    """A graph of nodes one after the other."""
    builder = StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node)
    for start, end in zip([START, *nodes], [*nodes, END], strict=True):
        builder.add_edge(start, end)
    return builder


def looping() -> Any:
    """A gate, then a loop with one effect a turn."""
    builder = StateGraph(State).add_node("ask", asking(0)).add_node("act", act_in_turn)
    builder.add_edge(START, "ask")
    builder.add_conditional_edges("ask", more, ["act", END])
    builder.add_conditional_edges("act", more, ["act", END])
    return builder.compile()


one_gate = chain(ask=asking(0), act=act).compile()
blocking = chain(ask=asking(0), act=act_blocking).compile()
in_a_row = chain(
    ask=asking(0), act=act, ask_2=asking(1), act_2=act_blocking, ask_3=asking(2), act_3=act
).compile()
nodes_after = chain(ask=asking(0), first=act_first, between=rest, others=act_rest, after=rest).compile()
nested = chain(before=rest, child=chain(ask=asking(0), act=act).compile(), after=rest).compile()
loop = looping()
static = chain(plan=plan_only, act=act).compile(interrupt_before=["act"])
stubborn = chain(ask=asking(0), act=act_as_planned).compile()
