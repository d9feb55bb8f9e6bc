"""The process of the Faust apps: `python -m plangate.worker.apps router gatekeeper`."""

import logging
import sys
from importlib.metadata import version

import confluent_kafka

from plangate.settings import load_settings
from plangate.worker import logs
from plangate.worker.parent import end_with_parent
from plangate.worker.policy import keep_catalogue
from plangate.worker.slots import Slot
from plangate.worker.wiring import apps_config
from stream_apps.process import run_process

log = logging.getLogger("plangate.apps")


def main() -> int:
    """Entry of the child process."""
    end_with_parent()
    logs.configure()
    settings = load_settings()
    slot = Slot(f"{settings.topic_prefix}apps")
    log.info("%s of plangate %s start as %s (%s)", " and ".join(sys.argv[1:]), *_who(slot))
    config = apps_config(settings, frozenset(sys.argv[1:]), slot.name)
    keep_catalogue(config.catalogue, settings.store_url, " and ".join(sys.argv[1:]))
    return run_process(config)


def _who(slot: Slot) -> tuple[str, str, str]:
    clients = ", ".join(f"{name} {version(name)}" for name in ("faust-streaming", "aiokafka"))
    return version("plangate"), slot.name, f"{clients}, librdkafka {confluent_kafka.libversion()[0]}"


if __name__ == "__main__":
    sys.exit(main())
