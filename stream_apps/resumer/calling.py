"""How the ledger calls what a graph's author wrote, effects and probes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from langgraph.errors import GraphBubbleUp

from gate_events.values import Step
from gate_store.effects_context import QuestionInEffectError, under_way
from stream_apps.plain_errors import plainly
from stream_apps.resumer.errors import RunStoppedError

Probe = Callable[[Step], Any]


@contextmanager
def without_questions(step: Step) -> Iterator[None]:
    """A pause out of an effect would end the run's claim with the effect begun: it is the step's failure."""
    try:
        with under_way(step.step_id):
            yield
    except RunStoppedError:
        raise
    except GraphBubbleUp as asked:  # what LangGraph's interrupt() travels as
        raise QuestionInEffectError(step.step_id) from asked


async def asked(probe: Probe, step: Step) -> Any:
    """What a probe returns. A plain one may block, so it gets a thread."""
    if inspect.iscoroutinefunction(probe):
        return await probe(step)
    found = await asyncio.to_thread(plainly(probe), step)
    return await found if inspect.isawaitable(found) else found


async def awaited(value: Awaitable[Any]) -> Any:
    """An awaitable as a coroutine."""
    return await value


def refuse_event_loop() -> None:
    """Blocking for the ledger is for threads only."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("this node is async: use `await effects().once(step, fn)`")
