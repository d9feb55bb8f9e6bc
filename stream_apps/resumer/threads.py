"""Threads for plain `def` nodes, which nobody can stop from outside."""

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

NAME = "node"
LAST_S = 1.0


class NodeThreads(ThreadPoolExecutor):
    """`threads` of them, and one more for each run that was given up while its node may still hold one."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix=NAME)
        self._spare = threads

    def give_one_up(self) -> bool:
        """A run took too long; False: so many did that the process had better start anew."""
        self._max_workers += 1  # its threads are started where none is idle, up to this number
        self._spare -= 1
        return self._spare > 0

    def end(self) -> None:
        """Forget the idle ones; where a node still holds one, end the process, which would wait for it."""
        self.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + LAST_S
        while (left := _left()) and time.monotonic() < until:
            left[0].join(0.05)
        if left:
            log.warning("%d nodes do not end; the process ends without them", len(left))
            logging.shutdown()
            os._exit(0)


def _left() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]
