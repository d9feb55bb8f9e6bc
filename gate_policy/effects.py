"""The identity of what a step does outside: what the effect ledger looks up."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gate_events.values import Step
from gate_policy.actions import Action
from gate_policy.catalogue import Catalogue

LONGEST = 256  # characters; a longer key is held by its SHA-256


@dataclass(frozen=True, slots=True)
class EffectKey:
    """The effect of a step, and how long it counts as done, in seconds."""

    step_id: str
    key: str
    window_s: int


@dataclass(frozen=True, slots=True)
class PriorEffect:
    """When an effect was last done, and by which plan; or asked for, by a plan that still waits.

    `step_digest` is of the step that did it.
    """

    effect_key: str
    at: datetime
    plan_id: UUID
    step_digest: str
    waits: bool = False


def effect_keys(steps: Iterable[Step], catalogue: Catalogue) -> list[EffectKey]:
    """The effects of `steps` to look up; steps without an effect, or whose key cannot be told, have none."""
    found: list[EffectKey] = []
    for step in steps:
        action = catalogue.actions.get(step.action_type)
        if action is None or action.effect is None:
            continue
        key = effect_of(step, action)
        if key is not None:
            found.append(EffectKey(step.step_id, key, action.effect.window_s))
    return found


def effect_of(step: Step, action: Action) -> str | None:
    """The effect key of a step; None where an argument that it needs is missing."""
    if action.effect is None:
        return None
    try:
        key = action.effect.key.render({**step.arguments, "args": step.arguments})
    except Exception:  # a template raises by the kind of fault; each means: the effect cannot be told
        return None
    return key if len(key) <= LONGEST else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
