"""A submission whose process is killed at a named point: `-m tests.producers.dying_submit URL POINT`."""

import asyncio
import os
import signal
import sys
from typing import Any

from gate_store.runs import pause_run
from producers import planning
from producers.submitter import open_submitter
from tests.producers import graphs

LEASE_S = 1.0


def die(*_arguments: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _and_die(function: Any) -> Any:
    def wrapped(*arguments: Any) -> Any:
        function(*arguments)
        arguments[0].commit()
        die()

    return wrapped


def _arm(point: str) -> None:
    if point == "in-planner":
        vars(graphs)["make_plan"] = die
    if point == "before-publication":
        vars(planning)["pause_run"] = die
    if point == "after-publication":
        vars(planning)["pause_run"] = _and_die(pause_run)


async def main(store_url: str, point: str) -> None:
    _arm(point)
    async with open_submitter(store_url, lease_s=LEASE_S) as submitter:
        await submitter.submit(graphs.gated(), {"who": ["ann"]}, name="billing", thread_id="t1")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
