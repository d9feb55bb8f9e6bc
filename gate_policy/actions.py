"""Action types, compiled for judgement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gate_events.words import Tier
from gate_policy.requirements import Body
from gate_policy.templates import Expression, Template


@dataclass(frozen=True, slots=True)
class Effect:
    """The identity of what an action does outside, and how long it counts as done, in seconds."""

    key: Template
    window_s: int


@dataclass(frozen=True, slots=True)
class Undo:
    """The action that takes another back; its arguments may be templates at any depth."""

    action: str
    arguments: Mapping[str, Any]

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the compensating step. Raises where a template lacks a value."""
        return {name: _filled(value, values) for name, value in self.arguments.items()}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Expression):
        return value.value(values)
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    return value


@dataclass(frozen=True, slots=True)
class Action:
    """What the catalogue knows of an action type; times in seconds."""

    name: str
    tier: Tier
    reason: str
    says: Template | None
    group: Template | None
    arguments: tuple[str, ...] | None
    undo: Undo | None
    high_stakes: bool
    idempotent: bool
    probe: str | None
    effect: Effect | None
    secret: frozenset[str]
    material: tuple[str, ...]
    body: Body  # whoever reviews it; the defaults where the action names nobody
    names_reviewers: bool
    deadline_s: int
    use_by_s: int
    after: tuple[str, ...]
    settle: str | None
