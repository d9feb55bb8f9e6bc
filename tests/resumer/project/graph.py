"""Graphs as an agent's author would write them. Each effect is a line in the file named by EFFECTS_LOG."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from plangate import Plan, Step, effect, effects, gate


def log(line: str) -> None:
    with Path(os.environ["EFFECTS_LOG"]).open("a") as file:
        file.write(line + "\n")


def happened() -> list[str]:
    path = Path(os.environ["EFFECTS_LOG"])
    return path.read_text().splitlines() if path.exists() else []


sends = effect("email.send", "probed.send", "idempotent.send")


class State(TypedDict, total=False):
    who: list[str]
    action: str
    verdict: dict[str, Any]
    second: dict[str, Any]
    sent: list[Any]


def plan_of(state: State) -> Plan:
    action = state.get("action", "email.send")
    return Plan([Step(action, {"to": name}) for name in state["who"]], "remind", "biller", "billing-service")


def ask(state: State) -> State:
    return {"verdict": gate(plan_of(state)).to_dict()}


@sends
def send(step: Step) -> str:
    log(f"{step.arguments['to']}")
    return f"sent to {step.arguments['to']}"


@sends
async def send_async(step: Step) -> str:
    return send(step)


async def act(state: State) -> State:
    return {"sent": [await effects().once(step, send_async) for step in state["verdict"]["steps"]]}


def act_blocking(state: State) -> State:
    return {"sent": [effects().once(step, send) for step in state["verdict"]["steps"]]}


async def act_as_planned(state: State) -> State:
    """Does what it planned, whatever the verdict says, and swallows every refusal."""
    sent = []
    for number, name in enumerate([*state["who"], "intruder"], 1):
        step = Step("email.send", {"to": name}, step_id=f"s{number}")
        try:
            sent.append(await effects().once(step, send_async))
        except Exception as error:
            sent.append(type(error).__name__)
    return {"sent": sent}


@sends
async def send_slowly(step: Step) -> str:
    log(f"begin {step.arguments['to']}")
    await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
    log(f"end {step.arguments['to']}")
    return "slow"


async def act_slowly(state: State) -> State:
    return {"sent": [await effects().once(step, send_slowly) for step in state["verdict"]["steps"]]}


@sends
def send_shakily(step: Step) -> str:
    send(step)
    if happened().count(step.arguments["to"]) < int(os.environ.get("FAILURES", "1")) + 1:
        raise ConnectionError("the mail server hung up")
    return "at last"


def act_shakily(state: State) -> State:
    return {"sent": [effects().once(step, send_shakily) for step in state["verdict"]["steps"]]}


async def act_and_swallow(state: State) -> State:
    """Goes on whatever happens to its effects."""
    for step in state["verdict"]["steps"]:
        try:
            await effects().once(step, send_slowly)
        except BaseException as error:
            log(type(error).__name__)
    return {"sent": ["whatever"]}


async def prepare(_state: State) -> State:
    return {"sent": []}


async def fail_then_act(state: State) -> State:
    """Is out of luck before its first effect."""
    if "tried" not in happened():
        log("tried")
        raise ConnectionError("the address book is away")
    return await act(state)


def act_as_configured(_state: State, config: RunnableConfig) -> State:
    log(config["configurable"]["tenant"])
    return {}


@sends
async def give_back_a_socket(step: Step) -> Any:
    send(step)
    return object()


async def act_without_result(state: State) -> State:
    return {"sent": [await effects().once(step, give_back_a_socket) for step in state["verdict"]["steps"]]}


def act_unstorably(_state: State) -> State:
    return {"sent": [object()]}


def act_once(state: State) -> State:
    """Acts at its first attempt only."""
    if happened():
        return {"sent": []}
    return act_blocking_slowly(state)


def act_blocking_slowly(state: State) -> State:
    @sends
    def send_and_hang(step: Step) -> str:
        send(step)
        time.sleep(float(os.environ.get("SLOW_S", "0")))
        return "slow"

    return {"sent": [effects().once(step, send_and_hang) for step in state["verdict"]["steps"]]}


@sends
def send_and_sleep(step: Step) -> str:
    log(f"begin {step.arguments['to']}")
    time.sleep(float(os.environ.get("SLOW_S", "0")))
    log(f"end {step.arguments['to']}")
    return "slow"


def act_in_a_thread(state: State) -> State:
    return {"sent": [effects().once(step, send_and_sleep) for step in state["verdict"]["steps"]]}


ON_THEIR_WAY: set[Any] = set()


@sends
async def hand_over(step: Step) -> str:
    """A service does it, whether or not anybody waits for its answer."""

    async def deliver() -> None:
        await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
        log(f"end {step.arguments['to']}")

    log(f"begin {step.arguments['to']}")
    task = asyncio.ensure_future(deliver())
    ON_THEIR_WAY.add(task)
    await asyncio.shield(task)
    return "handed over"


async def act_by_a_service(state: State) -> State:
    return {"sent": [await effects().once(step, hand_over) for step in state["verdict"]["steps"]]}


async def act_impatiently(state: State) -> State:
    """Has a time limit of its own, and tries again."""
    for step in state["verdict"]["steps"]:
        for _ in range(2):
            sending = asyncio.ensure_future(asyncio.to_thread(effects().once, step, send_and_sleep))
            while not (happened() or sending.done()):  # noqa: ASYNC110 - a file tells it
                await asyncio.sleep(0.02)
            try:
                await asyncio.wait_for(sending, 0.1)
            except Exception as error:
                log(type(error).__name__)
    return {"sent": []}


def probe(step: Step) -> bool | None:
    found = os.environ.get("PROBE", "")
    if found == "raises":
        raise ConnectionError("the mail server is away")
    return {"yes": True, "no": False}.get(found)


def chain(state: Any, **nodes: Any) -> Any:
    builder = StateGraph(state)
    names = list(nodes)
    for name, node in nodes.items():
        builder.add_node(name, node)
    for start, end in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(start, end)
    return builder


billing_builder = chain(State, ask=ask, act=act)
billing = billing_builder.compile()
blocking = chain(State, ask=ask, act=act_blocking).compile()
sneaky = chain(State, ask=ask, act=act_as_planned).compile()
slow = chain(State, ask=ask, act=act_slowly).compile()
in_thread = chain(State, ask=ask, act=act_in_a_thread).compile()
by_service = chain(State, ask=ask, act=act_by_a_service).compile()
impatient = chain(State, ask=ask, act=act_impatiently).compile()
unlucky = chain(State, ask=ask, prepare=prepare, act=fail_then_act).compile()
shaky = chain(State, ask=ask, act=act_shakily).compile()


configured = chain(State, ask=ask, act=act_as_configured).compile()
resultless = chain(State, ask=ask, act=act_without_result).compile()
swallowing = chain(State, ask=ask, act=act_and_swallow).compile()
unstorable = chain(State, ask=ask, act=act_unstorably).compile()
forgetful = chain(State, ask=ask, act=act_once).compile()


async def make_billing() -> Any:
    return billing_builder


def ask_again(state: State) -> State:
    return {
        "second": gate(
            Plan([Step("email.send", {"to": "second"})], "again", "biller", "billing-service")
        ).to_dict()
    }


async def act_on_second(state: State) -> State:
    sent = [await effects().once(step, send_async) for step in state["second"]["steps"]]
    return {"sent": [*(state.get("sent") or []), *sent]}


def pass_on(_state: State) -> State:
    return {}


two_gates = chain(State, ask=ask, act=act, ask_again=ask_again, act_again=act_on_second).compile()
nested = chain(State, before=pass_on, child=billing, after=pass_on).compile()


async def act_unguarded(state: State) -> State:
    log("acts unguarded" if state["verdict"]["approved"] else "is told no")
    return {}


async def act_on_first(state: State) -> State:
    """Does its first step alone."""
    sent = [await effects().once(step, send_async) for step in state["verdict"]["steps"][:1]]
    return {"sent": sent}


async def settle(state: State) -> State:
    """Takes its time, so that what was done so far is written meanwhile."""
    await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
    return {}


async def act_slowly_past_ledger(state: State) -> State:
    """Each step by itself, with a while in between."""
    for step in state["verdict"]["steps"]:
        log(f"begin {step['arguments']['to']}")
        await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
        log(f"end {step['arguments']['to']}")
    return {}


async def act_shakily_past_ledger(state: State) -> State:
    """Its first step happens, then it is out of luck."""
    first = state["verdict"]["steps"][0]["arguments"]["to"] if state["verdict"]["approved"] else "no"
    log(f"begin {first}")
    if happened().count(f"begin {first}") <= int(os.environ.get("FAILURES", "1")):
        raise ConnectionError("the mail server hung up")
    return {}


def ask_a_stranger(_state: State) -> State:
    return {"sent": [interrupt("which server?")]}


shaky_past_ledger = chain(State, ask=ask, act=act_shakily_past_ledger).compile()
strange_past_ledger = chain(State, ask=ask, act=act_unguarded, stray=ask_a_stranger).compile()
slow_past_ledger = chain(State, ask=ask, act=act_slowly_past_ledger).compile()
late = chain(State, ask=ask, pass_on=pass_on, settle=settle, act=act_unguarded)
nested_late = chain(State, child=late.compile(), after=pass_on).compile()
half = chain(State, ask=ask, first=act_on_first, settle=settle, act=act).compile()


async def skip(_state: State) -> State:
    return {}


skipping = chain(State, ask=ask, act=act_on_first).compile()
idle = chain(State, ask=ask, act=skip).compile()


nested_twice = chain(State, child=two_gates, after=pass_on).compile()


async def act_backwards(state: State) -> State:
    """Does the last step first."""
    for step in reversed(state["verdict"]["steps"]):
        await effects().once(step, send_async)
    return {}


async def come(_state: State) -> State:
    log("comes")
    return {}


async def act_beside(state: State) -> State:
    """All steps at once, begun in their order."""
    doing = (effects().once(step, send_async) for step in state["verdict"]["steps"])
    return {"sent": list(await asyncio.gather(*doing))}


def ask_unordered(state: State) -> State:
    plan = plan_of(state)
    return {"verdict": gate(Plan(plan.steps, plan.goal, plan.agent, plan.proposer, ordered=False)).to_dict()}


def fan_out(state: State) -> list[Send]:
    """The last step first, each in a branch of its own."""
    return [Send("one", {"step": step}) for step in reversed(state["verdict"]["steps"])]


class Branch(TypedDict):
    step: dict[str, Any]


def act_on_one(state: Branch) -> State:
    effects().once(state["step"], send)
    return {}


async def act_on_one_once_stopped(state: Branch) -> State:
    """Only the first branch begins before the log says that all is stopped."""
    while state["step"]["step_id"] != "s1" and "stopped" not in happened():  # noqa: ASYNC110 - a file tells it
        await asyncio.sleep(0.02)
    await effects().once(state["step"], send_slowly)
    return {}


def fanning(ask: Any, one: Any = act_on_one) -> Any:
    builder = StateGraph(State).add_node("ask", ask).add_node("one", one)
    return builder.add_edge(START, "ask").add_conditional_edges("ask", fan_out, ["one"]).compile()


backwards = chain(State, ask=ask, act=act_backwards).compile()
backwards_later = chain(State, ask=ask, come=come, settle=settle, act=act_backwards).compile()
backwards_unordered = chain(State, ask=ask_unordered, act=act_backwards).compile()
beside = chain(State, ask=ask, act=act_beside).compile()
fanned_out = fanning(ask_unordered)
fanned_out_slowly = fanning(ask_unordered, act_on_one_once_stopped)


def plan_only(state: State) -> State:
    return {"verdict": plan_of(state).to_dict()}


two_static = chain(State, plan=plan_only, act=act, plan_more=plan_only, act_more=act).compile(
    interrupt_before=["act", "act_more"]
)
static = chain(State, plan=plan_only, act=act).compile(interrupt_before=["act"])
static_past_ledger = chain(State, plan=plan_only, act=act_slowly_past_ledger).compile(
    interrupt_before=["act"]
)


def plan_from_state(values: State) -> dict[str, Any]:
    return values["verdict"]


def apply_edit(values: State, answer: Any) -> State:
    steps = [
        {"step_id": s.step_id, "action_type": s.action_type, "arguments": s.arguments} for s in answer.steps
    ]
    return {"verdict": {**values["verdict"], "steps": steps}}


@dataclass
class Person:
    name: str


@dataclass
class Typed:
    people: list[Person] = field(default_factory=list)
    verdict: dict[str, Any] = field(default_factory=dict)
    seen: str = ""


def ask_typed(state: Typed) -> dict[str, Any]:
    return ask({"who": [person.name for person in state.people]})  # type: ignore[return-value]


def act_typed(state: Typed) -> dict[str, Any]:
    log(state.people[0].name)
    return {"seen": type(state.people[0]).__name__}


typed = chain(Typed, ask=ask_typed, act=act_typed).compile()


def ask_and_catch(state: State) -> State:
    """Means well: whatever goes wrong with the gate, the run shall not fail."""
    try:
        return ask_again(state)
    except Exception:
        return {}


def use_second(state: State) -> State:
    return {"sent": state["second"]["steps"]}


catching = chain(State, again=ask_and_catch, after=pass_on).compile()
catching_then_raising = chain(State, again=ask_and_catch, after=use_second).compile()
catching_later = chain(State, ask=ask, act=act, again=ask_and_catch, after=pass_on).compile()


@sends
def send_and_tell(step: Step) -> str:
    raise ValueError(f"no mailbox {step.arguments['to']}")


def act_and_tell(state: State) -> State:
    return {"sent": [effects().once(step, send_and_tell) for step in state["verdict"]["steps"]]}


telling = chain(State, ask=ask, act=act_and_tell).compile()


@sends
async def send_second_time(step: Step) -> str:
    """To bob it fails at first, and then takes its time."""
    who = step.arguments["to"]
    log(who)
    if who == "bob" and happened().count("bob") <= int(os.environ.get("FAILURES", "1")):
        raise ConnectionError("bob's mailbox is full")
    if who == "bob":
        await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
    return f"sent to {who}"


async def act_second_time(state: State) -> State:
    return {"sent": [await effects().once(step, send_second_time) for step in state["verdict"]["steps"]]}


async def act_and_say(state: State) -> State:
    """Says how far it is, in words that cannot all be kept."""
    say = get_stream_writer()
    for number, step in enumerate(state["verdict"]["steps"], 1):
        await effects().once(step, send_async)
        say({"sent": number, "token": "hush"})
    say(object())
    return {}


def say_much(_state: State) -> State:
    say = get_stream_writer()
    say("x" * 20_000)
    for number in range(1_010):
        say(number)
    return {}


saying = chain(State, ask=ask, act=act_and_say).compile()
nested_saying = chain(State, before=pass_on, child=saying, after=pass_on).compile()
saying_much = chain(State, ask=ask, act=say_much).compile()
second_time = chain(State, ask=ask, act=act_second_time).compile()
