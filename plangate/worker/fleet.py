"""Which processes a worker is made of."""

from collections.abc import Mapping, Sequence, Set
from functools import partial

from plangate.worker.parts import PARTS
from plangate.worker.supervisor import Child


def fleet(parts: Set[str], resumers: int, environment: Mapping[str, str]) -> list[Child]:
    """One process for the Faust apps, one for each resumer: user code takes no consumer down with it."""
    apps = [part for part in PARTS[:2] if part in parts]
    children = [Child("apps", "plangate.worker.apps", apps, environment)] if apps else []
    if "resumer" in parts:
        resumer = partial(Child, module="plangate.worker.resumer", environment=environment)
        children += [resumer(f"resumer {n}") for n in range(1, resumers + 1)]
    return children


def parts_of(child: Child) -> Sequence[str]:
    """What a process of the fleet does."""
    return child.arguments or PARTS[2:]
