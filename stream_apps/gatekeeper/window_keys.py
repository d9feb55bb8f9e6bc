"""The effect keys of steps: later plans are checked against them."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_keys
from gate_store.planned_effects import PlannedEffect


def window_keys(steps: Sequence[Step], *, catalogue: Catalogue) -> Mapping[str, str]:
    """By step id, of the steps that have one."""
    return {effect.step_id: effect.key for effect in effect_keys(steps, catalogue)}


def planned_effects(
    plan_id: UUID, digest: str, steps: Sequence[Step], catalogue: Catalogue
) -> Iterator[PlannedEffect]:
    """What the steps of the plan of that digest would do outside."""
    for effect in effect_keys(steps, catalogue):
        yield PlannedEffect(plan_id, digest, effect.step_id, effect.key, effect.window_s)
