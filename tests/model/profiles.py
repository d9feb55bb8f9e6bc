"""How deeply the machines play: `HYPOTHESIS_PROFILE=long` for hours, `short` only shows that they run.

What they find is made small by `long` alone, which begins with what was found before: that takes minutes, in
which the rest of the suite would wait.
"""

import os

from hypothesis import HealthCheck, Phase, settings

BASE = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
_DEPTHS = {"short": (0.3, 20), "default": (1.0, 25), "long": (150.0, 60)}
_QUICK = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target)


def profile(examples: int) -> settings:
    """Of a machine that plays so many examples by default."""
    name = os.environ.get("HYPOTHESIS_PROFILE", "default")
    times, steps = _DEPTHS[name]
    return settings(
        BASE,
        max_examples=max(1, round(examples * times)),
        stateful_step_count=steps,
        phases=tuple(Phase) if name == "long" else _QUICK,
    )
