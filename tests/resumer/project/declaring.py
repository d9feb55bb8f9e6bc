"""Graphs whose effects are declared well, badly, or not at all, and effects that ask."""

from functools import partial
from typing import Any

from graph import State, ask, chain, log  # type: ignore[import-not-found] # found in the project, not from here
from langgraph.types import interrupt

from plangate import Plan, Step, effect, effects, gate


@effect("pay_refund")
def pay(step: Step) -> str:
    log(f"paid {step.arguments['to']}")
    return "paid"


@effect("pay_refund")
async def pay_later(step: Step) -> str:
    return pay(step)


def unmarked(step: Step) -> str:
    log(f"unmarked {step.arguments['to']}")
    return "unmarked"


async def look_up(step: Step) -> str:
    log(f"looked up {step.arguments['to']}")
    return "found"


@effect("email.send", "idempotent.send")
def ask_in_effect(step: Step) -> str:
    log(f"begin {step.arguments['to']}")
    return str(gate(Plan([Step("email.send", {"to": "more"})])).note)


@effect("email.send", "idempotent.send")
def interrupt_in_effect(step: Step) -> str:
    log(f"begin {step.arguments['to']}")
    return str(interrupt("may I?"))


@effect("email.send", "idempotent.send")
async def ask_in_async_effect(step: Step) -> str:
    return ask_in_effect(step)


@effect("email.send", "idempotent.send")
async def interrupt_in_async_effect(step: Step) -> str:
    return interrupt_in_effect(step)


def doing(function: Any) -> Any:
    """A node that calls one function for whatever step the verdict holds."""

    def act(state: State) -> State:
        return {"sent": [effects().once(step, function) for step in state["verdict"]["steps"]]}

    return act


def doing_async(function: Any) -> Any:
    async def act(state: State) -> State:
        return {"sent": [await effects().once(step, function) for step in state["verdict"]["steps"]]}

    return act


def do_under_another_name(state: State) -> State:
    """Says of each step that it is what the function was declared for."""
    steps = [{**step, "action_type": "pay_refund"} for step in state["verdict"]["steps"]]
    return {"sent": [effects().once(step, pay) for step in steps]}


def do_by_id(state: State) -> State:
    return {"sent": [effects().once(step["step_id"], pay) for step in state["verdict"]["steps"]]}


async def do_by_name(state: State) -> State:
    """The functions that langgraph.json names; the plain one has a thread of its own."""
    sent = []
    for step in state["verdict"]["steps"]:
        done = effects().do(step)
        sent.append(await done)
    return {"sent": sent}


def do_by_name_blocking(state: State) -> State:
    return {"sent": [effects().do(step) for step in state["verdict"]["steps"]]}


def built(act: Any) -> Any:
    return chain(State, ask=ask, act=act).compile()


pays = built(doing(pay))
pays_async = built(doing_async(pay_later))
pays_partly = built(doing(partial(pay)))
pays_by_id = built(do_by_id)
renames = built(do_under_another_name)
no_mark = built(doing(unmarked))
no_mark_async = built(doing_async(look_up))
with_lambda = built(doing(lambda step: pay(step)))  # noqa: PLW0108 - the lambda is the point
named = built(do_by_name)
named_blocking = built(do_by_name_blocking)
asks = built(doing(ask_in_effect))
asks_async = built(doing_async(ask_in_async_effect))
interrupts = built(doing(interrupt_in_effect))
interrupts_async = built(doing_async(interrupt_in_async_effect))
