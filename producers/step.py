"""A step as an agent's author writes it and gets it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from gate_events import values
from gate_events.errors import UnencodableError
from gate_events.words import Tier


@dataclass(frozen=True)
class Step:
    """One action: `Step("send_email", {"to": "ann@example.org"})`. Its plan gives it an id: s1, s2, …

    `after` names the steps before it that must have begun first; None: all of them.
    """

    action_type: str
    arguments: dict[str, Any] = field(default_factory=dict)
    step_id: str = ""
    claimed_tier: Tier | None = None
    after: tuple[str, ...] | None = None

    def to_value(self) -> values.Step:
        """The step as records carry it."""
        return values.Step(
            step_id=self.step_id,
            action_type=self.action_type,
            arguments=self.arguments,
            claimed_tier=self.claimed_tier,
            after=self.after,
        )

    @classmethod
    def of_value(cls, step: values.Step) -> Self:
        """The step of a record."""
        return cls(step.action_type, step.arguments, step.step_id, step.claimed_tier, step.after)


AnyStep = Step | values.Step | Mapping[str, Any]


def step_value(step: AnyStep, step_id: str = "") -> values.Step:
    """A step in any form as a checked value; `step_id` is for a step that has none.

    Raises UnencodableError naming the field and its fault.
    """
    try:
        plain = msgspec.to_builtins(step.to_value() if isinstance(step, Step) else step)
        return msgspec.convert({**plain, "step_id": plain.get("step_id") or step_id}, values.Step)
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        raise UnencodableError(f"step {step_id}".strip(), str(error)) from error
