"""Runs the laboratory with one guard removed: `python -m tests.faults.sabotaged FILE` for the whole table."""

import json
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from plangate.dev.stack import environment
from plangate.torture.lab import Orders, torture
from plangate.torture.report import Report
from plangate.torture.stack import own
from plangate.torture.trees import Modules
from tests.faults.sabotage import GUARD, SABOTAGES
from tests.faults.sabotage_apps import SABOTAGES as OF_APPS
from tests.faults.sabotage_services import SABOTAGES as OF_SERVICES

# How many runs, kills and pauses: more and more, until the laboratory finds what is missing.
SIZES = ((100, 10, 4), (300, 20, 10), (1000, 10, 60), (2000, 60, 100))


def run_without(guard: str, folder: Path, size: tuple[int, int, int], seed: int = 1) -> Report:
    """A laboratory whose resumers lack `guard`."""
    runs, kills, pauses = size
    modules = Modules(resumer="tests.faults.sabotage")
    orders = Orders(runs, kills, pauses, seed, workers=2, modules=modules, patience_s=60.0)
    with own(folder, "apache", "postgresql", orders.lease_s) as stack, environment({GUARD: guard}):
        return torture(stack, folder, orders, lambda *_: None)


def lied_to_without(
    guard: str, folder: Path, kinds: Collection[str], runs: int = 12, seed: int = 1
) -> Report:
    """A laboratory whose apps or services lack a defence, or several; lies of those kinds are told."""
    names = set(guard.split(" + "))
    assert names <= {*OF_APPS, *OF_SERVICES}, f"nothing to sabotage: {names}"
    modules = Modules(
        apps="tests.faults.sabotage_apps" if names & OF_APPS.keys() else Modules.apps,
        services="tests.faults.sabotage_services" if names & OF_SERVICES.keys() else Modules.services,
    )
    count = max(12, 3 * len(kinds))
    orders = Orders(
        runs, 0, 0, seed, 1, modules=modules, liars=count, kinds=kinds, service_plans=runs, patience_s=60.0
    )
    with own(folder, "mock", None, orders.lease_s) as stack, environment({GUARD: guard}):
        return torture(stack, folder, orders, lambda *_: None)


def poisoned_without(guard: str, folder: Path, doses: int) -> Report:
    """A laboratory whose apps lack a defence; nobody lies, but there is poison."""
    modules = Modules(apps="tests.faults.sabotage_apps")
    orders = Orders(12, 0, 0, 1, 1, modules=modules, poison=doses, service_plans=12, patience_s=30.0)
    opened = own(folder, "apache", None, orders.lease_s, poisoned=True)
    with opened as stack, environment({GUARD: guard}):
        return torture(stack, folder, orders, lambda *_: None)


def main(file: Path) -> None:
    """A line for each guard: the first size at which it is missed, and what was found."""
    for guard in sys.argv[2:] or SABOTAGES:
        for size in SIZES:
            with tempfile.TemporaryDirectory(prefix="plangate-sabotage-", dir="/var/tmp") as name:
                Path(name).chmod(0o755)
                found = run_without(guard, Path(name), size)
            wrong = {name: len(cases) for name, cases in found.findings.items() if cases}
            with file.open("a") as out:
                out.write(json.dumps({"without": guard, "runs": size[0], "found": wrong}) + "\n")
            if wrong:
                break


if __name__ == "__main__":
    main(Path(sys.argv[1]))
