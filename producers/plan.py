"""A plan as an agent's author writes it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import msgspec
from msgspec import structs

from gate_events.errors import UnencodableError
from gate_events.order import refuse_unknown_order
from gate_events.values import Agent
from gate_events.values import Step as StepRecord
from producers.step import AnyStep, Step, step_value


@dataclass(frozen=True, init=False)
class Plan:
    """What an agent wants to do: `Plan(goal="…", steps=[Step("send_email", {"to": …})])`.

    A step without an id gets s1, s2, … by its place. A step waits for all that stand before it, or for those
    that its `after` names; with `ordered=False` one without `after` waits for none. `agent` is a name, or an
    `Agent` with model and prompt version; without one PLANGATE_AGENT names it. `proposer` (the agent's name)
    never approves the plan.
    In a graph's state keep `to_dict()`: checkpoints hold plain JSON.
    """

    goal: str
    steps: tuple[Step, ...]
    agent: Agent | None
    proposer: str | None

    def __init__(
        self,
        steps: Iterable[AnyStep],
        goal: str = "",
        agent: Agent | str | None = None,
        proposer: str | None = None,
        *,
        ordered: bool = True,
    ) -> None:
        """Raises UnencodableError naming the step, the field and its fault."""
        numbered = [step_value(step, f"s{number}") for number, step in enumerate(steps, 1)]
        _refuse_twins(step.step_id for step in numbered)
        if not ordered:
            numbered = [structs.replace(one, after=one.after or ()) for one in numbered]
        _refuse_strange_order(numbered)
        fields = {
            "goal": goal,
            "steps": tuple(map(Step.of_value, numbered)),
            "agent": Agent(name=agent) if isinstance(agent, str) else agent,
            "proposer": proposer,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON."""
        return {
            "goal": self.goal,
            "steps": [msgspec.to_builtins(step.to_value()) for step in self.steps],
            "agent": msgspec.to_builtins(self.agent),
            "proposer": self.proposer,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The plan of `to_dict`; only `steps` must be there. Raises UnencodableError."""
        unknown = set(plain) - {"goal", "steps", "agent", "proposer", "ordered"}
        if unknown or "steps" not in plain:
            problem = f"unknown field {min(unknown)!r}" if unknown else "steps are missing"
            raise UnencodableError("plan", f"{problem}; a plan has goal, steps, agent, proposer and ordered")
        agent = plain.get("agent")
        return cls(
            plain["steps"],
            plain.get("goal", ""),
            msgspec.convert(agent, Agent) if isinstance(agent, Mapping) else agent,
            plain.get("proposer"),
            ordered=plain.get("ordered", True),
        )


AnyPlan = Plan | Mapping[str, Any] | Iterable[AnyStep]


def plan_of(given: AnyPlan) -> Plan:
    """A plan, its dict, or only its steps, as a plan. Raises UnencodableError."""
    if isinstance(given, Plan):
        return given
    return Plan.from_dict(given) if isinstance(given, Mapping) else Plan(given)


def _refuse_twins(step_ids: Iterable[str]) -> None:
    for step_id, times in Counter(step_ids).items():
        if times > 1:
            raise UnencodableError("plan", f"step_id {step_id!r} stands {times} times; give each its own")


def _refuse_strange_order(steps: Iterable[StepRecord]) -> None:
    try:
        refuse_unknown_order(steps)
    except ValueError as error:
        raise UnencodableError("plan", str(error)) from error
