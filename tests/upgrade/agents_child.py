"""Agents of the code that runs it: submits a laboratory's first runs, then writes their plans by thread.

`python agents_child.py FILE STORE_URL SEED COUNT PACE_S`, the pace being the seconds between two runs.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from plangate.torture.cases import case
from plangate.torture.submitting import Agents


def main(told: Path, url: str, seed: int, count: int, pace_s: float) -> None:
    """Until all are submitted."""
    began = time.monotonic()
    agents = Agents(url, 6.0, lambda number: time.monotonic() - began >= number * pace_s)
    asyncio.run(agents.submit_all([case(seed, number) for number in range(count)]))
    draft = told.with_suffix(".draft")
    draft.write_text(json.dumps({thread: str(plan) for thread, plan in agents.plans.items()}))
    draft.rename(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
