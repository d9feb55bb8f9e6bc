"""The process of the Faust apps: `python -m plangate.worker.apps router gatekeeper`."""

import asyncio
import logging
import signal
import sys

from plangate.settings import load_settings
from plangate.wiring import apps_config
from plangate.worker.parent import end_with_parent
from plangate.worker.slots import Slot
from stream_apps.run import run_apps


async def serve(only: frozenset[str]) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = load_settings()
    slot = Slot(f"{settings.topic_prefix}apps")
    await run_apps(apps_config(settings, only, slot.name), stop)


def main() -> None:
    """Entry of the child process."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the supervisor ends us in order
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(serve(frozenset(sys.argv[1:])))


if __name__ == "__main__":
    main()
