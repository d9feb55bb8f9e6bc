"""The process of one resumer: `python -m plangate.worker.resumer`."""

import logging
import os

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"  # read when langgraph is imported, below

from plangate.settings import load_settings
from plangate.wiring import resumer_config
from plangate.worker.parent import end_with_parent
from plangate.worker.slots import Slot
from stream_apps.resumer.process import serve


def main() -> None:
    """Entry of the child process."""
    end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = load_settings()
    slot = Slot(f"{settings.topic_prefix}resumer")
    serve(resumer_config(settings, f"{slot.name}-{os.getpid()}"))


if __name__ == "__main__":
    main()
