"""What CEL conditions may ask about: the plan, its agent and one of its steps; and their answers."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from gate_events.records import PlanProposed
from gate_events.values import Step
from gate_policy.cel_values import Budget
from gate_policy.conditions import ROUNDS, Condition, Verdict


class Facts:
    """The CEL variables of a plan, each made when a rule first asks for it."""

    __slots__ = ("_agent", "_budget", "_plan", "_proposed", "_verdicts")

    def __init__(self, proposed: PlanProposed) -> None:
        self._proposed = proposed
        self._agent: dict[str, Any] | None = None
        self._plan: dict[str, Any] | None = None
        self._verdicts: dict[str, Verdict] = {}
        self._budget = Budget(ROUNDS)

    def verdict(self, condition: Condition, step: Step, index: int) -> Verdict:
        """What a condition says about a step; one about the plan alone is asked only once."""
        if condition.per_step:
            return condition.verdict(self._of(step, index), self._budget)
        if condition.source not in self._verdicts:
            self._verdicts[condition.source] = condition.verdict(self._of(step, index), self._budget)
        return self._verdicts[condition.source]

    def _of(self, step: Step, index: int) -> Callable[[str], Any]:
        """A way to get each CEL variable for one step; `index` counts from 1."""

        def value(name: str) -> Any:
            if name == "args":
                return step.arguments
            if name == "action":
                return step.action_type
            if name == "step":
                claim = step.claimed_tier
                return {"id": step.step_id, "index": index, "claimed_tier": claim.value if claim else None}
            return self._plan_value() if name == "plan" else self._agent_value()

        return value

    def _plan_value(self) -> dict[str, Any]:
        if self._plan is None:
            proposed = self._proposed
            self._plan = {
                "goal": proposed.goal,
                "proposer": proposed.proposer,
                "revision": proposed.revision,
                "steps": len(proposed.steps),
                "counts": dict(Counter(step.action_type for step in proposed.steps)),
            }
        return self._plan

    def _agent_value(self) -> dict[str, Any]:
        if self._agent is None:
            agent = self._proposed.agent
            self._agent = {
                "name": agent.name,
                "model": agent.model,
                "prompt_version": agent.prompt_version,
                "tools": agent.tools,
            }
        return self._agent
