"""Ends a resumer that a graph holds up: a loop that stands still, a memory that grows without end.

Its runs' leases then run out, others take them up, and the supervisor starts the process again.
"""

import asyncio
import faulthandler
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

log = logging.getLogger(__name__)

EXIT_STUCK, EXIT_MEMORY = 70, 71
LOOK_S = 0.25
PAGE = os.sysconf("SC_PAGE_SIZE")

InHand = Callable[[], list[str]]


class Watchdog:
    """A thread that looks every quarter of a second; `in_hand()` names the runs in flight.

    Code that never lets another thread run (a busy loop in C) keeps this one from looking, too: then the
    kernel ends the process after `stuck_s` of its CPU time, by SIGVTALRM and with a traceback on stderr.
    """

    def __init__(self, stuck_s: float, memory_mb: int, in_hand: InHand) -> None:
        self._stuck_s = stuck_s
        self._memory = memory_mb * 2**20
        self._in_hand = in_hand
        self._still = 0.0  # how long the loop did not turn; what a stopped process missed does not count
        self._done = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the running loop."""
        faulthandler.enable()  # a crash in C says which graph it was in
        faulthandler.register(signal.SIGVTALRM, all_threads=True, chain=True)
        loop = asyncio.get_running_loop()
        self._wind_up()  # before the first look: a run may be claimed at once, and be of that kind
        threading.Thread(target=self._look, args=[loop], name="watchdog", daemon=True).start()
        try:
            yield
        finally:
            self._done.set()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon_threadsafe(self._turned)
        while not self._done.wait(LOOK_S):
            self._wind_up()
            if self._still >= self._stuck_s:
                self._end(EXIT_STUCK, f"the event loop did not turn for {self._stuck_s:g} s")
            if self._memory and (used := resident()) > self._memory:
                self._end(EXIT_MEMORY, f"{used >> 20} MB are more than the {self._memory >> 20} MB allowed")
            self._still += LOOK_S
            with suppress(RuntimeError):  # it was closed since
                loop.call_soon_threadsafe(self._turned)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _wind_up(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, self._stuck_s)

    def _turned(self) -> None:
        self._still = 0.0

    def _end(self, code: int, why: str) -> None:
        log.critical("%s; this process ends with runs %s in hand", why, ", ".join(self._in_hand()) or "none")
        logging.shutdown()
        os._exit(code)


def resident() -> int:
    """The memory that this process has in RAM, in bytes; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - four times a second
            return int(statm.read().split()[1]) * PAGE
    except OSError:
        return 0
