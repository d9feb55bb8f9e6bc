"""A worker tree under torture: `python -m plangate.torture.worker_child APPS_MODULE RESUMER_MODULE N`."""

import asyncio
import logging
import sys

from plangate.worker.supervisor import Child, Supervisor

STEADY_S = 2.0  # a laboratory kills too often for the pauses of production


def main(apps: str, resumer: str, resumers: int) -> None:
    """Supervise one process of apps and some resumers, as `plangate worker` does."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    children = [Child("apps", apps, ("router", "gatekeeper"))]
    children += [Child(f"resumer {number}", resumer) for number in range(1, resumers + 1)]
    asyncio.run(Supervisor(children, steady_s=STEADY_S).run())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
