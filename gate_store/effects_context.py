"""Where a node finds the effect ledger of the run that it is part of.

The resumer sets it around the graph; `effects()` on the agent's side reads it. They meet here, because
neither may import the other.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from gate_events.values import Step


class EffectLedger(Protocol):
    """Lets each approved step of one run happen once."""

    async def once(self, step: Step, fn: Callable[[], Any]) -> Any:
        """Do `fn` for `step` on the event loop (async, or without blocking), or return what it returned."""

    def once_blocking(self, step: Step, fn: Callable[[], Any]) -> Any:
        """The same from a plain `def` node, which runs in a thread of its own."""

    def key(self, step: Step) -> str:
        """The idempotency key of the step's effect, the same at every attempt."""

    def step(self, step_id: str) -> Step:
        """The approved step of that id. Raises NotClearedError where the verdict has none."""


current: ContextVar[EffectLedger] = ContextVar("plangate_effects")
