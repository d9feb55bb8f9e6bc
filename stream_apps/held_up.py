"""Ends a process whose event loop does not turn: then no watchdog that runs on it can."""

import asyncio
import faulthandler


async def end_when_held_up(after_s: float) -> None:
    """Have the interpreter's own thread, which needs no turn of anybody's, end the process with code 1.

    It writes where every thread stands. A library that never gives the interpreter away is such a case.
    """
    try:
        while True:
            faulthandler.dump_traceback_later(after_s, exit=True)
            await asyncio.sleep(after_s / 4)
    finally:
        faulthandler.cancel_dump_traceback_later()
