"""Plans that others wrote: a JSON object a line, `steps` as proposed and, where known, `gold` beside."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate_events.words import Tier
from gate_policy.catalogue import Catalogue
from producers.plan import Plan
from producers.step import Step


@dataclass(frozen=True)
class Case:
    """One plan of a file."""

    name: str
    domain: str
    agent: str
    goal: str
    steps: list[dict[str, Any]]
    gold: list[dict[str, Any]] | None

    def plan(self) -> Plan:
        """The plan as an agent would propose it."""
        steps = [Step(step["action"], step["arguments"]) for step in self.steps]
        return Plan(goal=self.goal, steps=steps, agent=self.agent, proposer=self.agent)

    def is_right(self, catalogue: Catalogue) -> bool:
        """Whether the plan's writes are the right ones; without gold beside it a plan counts as right."""
        return self.gold is None or _writes(self.steps, catalogue) == _writes(self.gold, catalogue)


def read_cases(files: Iterable[Path]) -> Iterator[Case]:
    """All cases of the files that have steps to propose."""
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            plain = json.loads(line)
            yield Case(
                plain["case"],
                plain["domain"],
                plain["agent"],
                plain.get("goal", ""),
                plain["steps"],
                plain.get("gold"),
            )


def _writes(steps: list[dict[str, Any]], catalogue: Catalogue) -> list[tuple[str, str]]:
    """What changes the world, in order: everything but tier 1; an unknown action counts as a write."""
    return [
        (step["action"], json.dumps(step["arguments"], sort_keys=True))
        for step in steps
        if step["action"] not in catalogue.actions
        or catalogue.actions[step["action"]].tier is not Tier.REVERSIBLE
    ]
