"""The graph of `benchmarks.speed` with an effect that takes a while, so that many are under way at once."""

import asyncio

from benchmarks.speed.graph import State, ask, built
from plangate import Step, effect, effects

EFFECT_S = 0.2


async def act(state: State) -> State:
    """The effect, through the ledger."""
    return {"done": await effects().once(state["verdict"]["steps"][0], slowly)}


@effect("note_time")
async def slowly(_step: Step) -> str:
    """Takes its time."""
    await asyncio.sleep(EFFECT_S)
    return "done"


graph = built(ask, act)
