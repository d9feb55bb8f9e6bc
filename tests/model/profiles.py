"""How deeply the machines play: `HYPOTHESIS_PROFILE=long` for hours, `short` only shows that they run."""

import os

from hypothesis import HealthCheck, settings

BASE = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
_DEPTHS = {"short": (0.3, 20), "default": (1.0, 25), "long": (150.0, 60)}


def profile(examples: int) -> settings:
    """Of a machine that plays so many examples by default."""
    times, steps = _DEPTHS[os.environ.get("HYPOTHESIS_PROFILE", "default")]
    return settings(BASE, max_examples=max(1, round(examples * times)), stateful_step_count=steps)
