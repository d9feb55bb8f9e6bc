"""A process of its own for the Faust apps."""

import asyncio
import gc
import logging
import signal
import sys

import uvloop

from stream_apps.config import AppsConfig
from stream_apps.errors import KafkaOptionError
from stream_apps.exits import BROKEN
from stream_apps.rights import RightsAreSaid
from stream_apps.seldom import Seldom

_log = logging.getLogger("plangate")
_TALKATIVE = ("faust", "mode", "aiokafka", "stream_apps")  # Faust logs under the names of our modules too

# The store's thread and the event loop take turns; at Python's own 5 ms each would wait long for the other.
_SWITCH_S = 0.0005


def run_process(config: AppsConfig) -> int:
    """Run the apps until SIGTERM or SIGINT; returns the exit code."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom("aiokafka", "faust", "mode"))
        handler.addFilter(RightsAreSaid())
    sys.setswitchinterval(_SWITCH_S)
    uvloop.install()  # before Faust is imported, which else stays on asyncio's loop
    try:
        asyncio.run(_run(config))
    except KafkaOptionError as error:
        _log.critical("%s", error)
        return BROKEN
    return 0


async def _run(config: AppsConfig) -> None:
    from stream_apps.run import run_apps  # noqa: PLC0415 - imports Faust

    gc.collect()
    gc.freeze()  # a full collection then skips what was imported: 60 ms less each time
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_apps(config, stop)
