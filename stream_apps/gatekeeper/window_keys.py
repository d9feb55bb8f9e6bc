"""The effect keys of steps: later plans are checked against them."""

from collections.abc import Mapping, Sequence

from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_keys


def window_keys(steps: Sequence[Step], *, catalogue: Catalogue) -> Mapping[str, str]:
    """By step id, of the steps that have one."""
    return {effect.step_id: effect.key for effect in effect_keys(steps, catalogue)}
