"""A resumer under the worker's supervisor: `python -m tests.resumer.supervised URL CHANGES`."""

import asyncio
import logging
import sys

from plangate.worker.parent import end_with_parent
from plangate.worker.supervisor import Child, Supervisor

if __name__ == "__main__":
    end_with_parent()
    logging.basicConfig(level=logging.INFO)
    child = Child("resumer", "tests.resumer.child", sys.argv[1:])
    asyncio.run(Supervisor([child], steady_s=0).run())
