"""Agents of the code that runs it: submits a laboratory's first runs, prints their plans by thread.

`python agents_child.py STORE_URL SEED COUNT PACE_S`, the pace being the seconds between two runs.
"""

import asyncio
import json
import sys
import time

from plangate.torture.cases import case
from plangate.torture.submitting import Agents


def main(url: str, seed: int, count: int, pace_s: float) -> None:
    """Until all are submitted."""
    began = time.monotonic()
    agents = Agents(url, 6.0, lambda number: time.monotonic() - began >= number * pace_s)
    asyncio.run(agents.submit_all([case(seed, number) for number in range(count)]))
    json.dump({thread: str(plan) for thread, plan in agents.plans.items()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
