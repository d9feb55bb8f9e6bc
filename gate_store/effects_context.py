"""Where a node finds the effect ledger of the run that it is part of.

The resumer sets it around the graph; `effects()` on the agent's side reads it. They meet here, because
neither may import the other.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from gate_events.values import Step
from gate_store.declared_effects import Declared


class QuestionInEffectError(RuntimeError):
    """Step {step_id}: an effect may not ask; it was begun, and a pause would leave it without an end."""

    def __init__(self, step_id: str) -> None:
        super().__init__(
            f"step {step_id}: gate() and interrupt() may not be called inside an effect, which was begun and "
            "would never end; ask in a node of its own, before the effect"
        )
        self.step_id = step_id


class EffectLedger(Protocol):
    """Lets each approved step of one run happen once."""

    async def once(self, step: Step, fn: Callable[[], Any], declared: Declared) -> Any:
        """Do `fn` for `step` on the event loop (async, or without blocking), or return what it returned.

        `declared` is what the function behind `fn` may do. Raises UndeclaredEffectError where that is not it.
        """

    def once_blocking(self, step: Step, fn: Callable[[], Any], declared: Declared) -> Any:
        """The same from a plain `def` node, which runs in a thread of its own."""

    def function(self, step: Step) -> Callable[[Any], Any]:
        """The function that langgraph.json names for the approved step.

        Raises NotClearedError, UndeclaredEffectError.
        """

    def key(self, step: Step) -> str:
        """The idempotency key of the step's effect, the same at every attempt."""

    def step(self, step_id: str) -> Step:
        """The approved step of that id. Raises NotClearedError where the verdict has none."""


current: ContextVar[EffectLedger] = ContextVar("plangate_effects")
_under_way: ContextVar[str | None] = ContextVar("plangate_effect_under_way", default=None)


@contextmanager
def under_way(step_id: str) -> Iterator[None]:
    """Around the function that does a step's effect: nobody is asked in there."""
    token = _under_way.set(step_id)
    try:
        yield
    finally:
        _under_way.reset(token)


def refuse_question() -> None:
    """Raises QuestionInEffectError inside of an effect."""
    step_id = _under_way.get()
    if step_id is not None:
        raise QuestionInEffectError(step_id)
