"""The process of the Faust apps: `python -m plangate.worker.apps router gatekeeper`."""

import logging
import sys

from plangate.settings import load_settings
from plangate.wiring import apps_config
from plangate.worker.parent import end_with_parent
from plangate.worker.slots import Slot
from stream_apps.process import run_process


def main() -> int:
    """Entry of the child process."""
    end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = load_settings()
    slot = Slot(f"{settings.topic_prefix}apps")
    return run_process(apps_config(settings, frozenset(sys.argv[1:]), slot.name))


if __name__ == "__main__":
    sys.exit(main())
