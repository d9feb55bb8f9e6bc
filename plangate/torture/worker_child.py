"""A worker tree under torture: `python -m plangate.torture.worker_child APPS_MODULE RESUMER_MODULE N`."""

import asyncio
import logging
import sys

from plangate.torture.logins import kept
from plangate.torture.places import places
from plangate.worker.supervisor import Child, Supervisor

STEADY_S = 2.0  # a laboratory kills too often for the pauses of production


def main(apps: str, resumer: str, resumers: int) -> None:
    """Supervise the apps and some resumers, as `plangate worker` does; with logins, each app apart."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    own = kept(places().folder)
    parts = [("router",), ("gatekeeper",)] if own else [("router", "gatekeeper")]
    children = [Child(" and ".join(each), apps, each, own.get(each[0], {})) for each in parts]
    children += [
        Child(f"resumer {number}", resumer, environment=own.get("resumer", {}))
        for number in range(1, resumers + 1)
    ]
    asyncio.run(Supervisor(children, steady_s=STEADY_S).run())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
