"""Which processes a worker is made of."""

from collections.abc import Set

from plangate.worker.supervisor import Child

PARTS = ("router", "gatekeeper", "resumer")


def fleet(parts: Set[str], resumers: int) -> list[Child]:
    """One process for the Faust apps, one for each resumer: user code takes no consumer down with it."""
    apps = [part for part in PARTS[:2] if part in parts]
    children = [Child("apps", "plangate.worker.apps", apps)] if apps else []
    if "resumer" in parts:
        children += [Child(f"resumer {n}", "plangate.worker.resumer") for n in range(1, resumers + 1)]
    return children
