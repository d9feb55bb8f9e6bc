"""The process of the Faust apps: `python -m plangate.worker.apps router gatekeeper`."""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing that is imported is garbage: not to look for it saves a fifth of the start

import logging
import sys
from collections.abc import Set
from dataclasses import replace
from importlib.metadata import version

import confluent_kafka

from plangate.settings import load_settings
from plangate.tracing import exporting
from plangate.worker import logs
from plangate.worker.apps_wiring import apps_config
from plangate.worker.heartbeat import Heartbeat, process_at
from plangate.worker.parent import end_with_parent
from plangate.worker.policy import keep_catalogue
from plangate.worker.slots import Slot
from stream_apps.process import run_process

log = logging.getLogger("plangate.apps")


def main() -> int:
    """Entry of the child process."""
    gc.enable()
    end_with_parent()
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    parts = frozenset(sys.argv[1:])
    slot = slot_of(settings.topic_prefix, parts)
    log.info("%s of plangate %s start as %s (%s)", " and ".join(sys.argv[1:]), *_who(slot))
    config = apps_config(settings, parts, slot.name)
    keep_catalogue(config.catalogue, settings.store_url, " and ".join(sys.argv[1:]))
    heartbeat = Heartbeat(settings.store_url, process_at(slot, config.catalogue), parts)
    with heartbeat.beating(), exporting(sorted(parts), slot.name) as tracers:
        return run_process(replace(config, serves=heartbeat.serves, tracers=tracers))


def slot_of(topic_prefix: str, parts: Set[str]) -> Slot:
    """Parts that run apart have numbers of their own: each finds its own again, whatever starts first.

    Else the one would take the other's, and its group would wait for the member that had it.
    """
    which = "apps" if len(parts) > 1 else "".join(parts)
    return Slot(f"{topic_prefix}{which}", named="" if which == "apps" else which)


def _who(slot: Slot) -> tuple[str, str, str]:
    clients = ", ".join(f"{name} {version(name)}" for name in ("faust-streaming", "aiokafka"))
    return version("plangate"), slot.name, f"{clients}, librdkafka {confluent_kafka.libversion()[0]}"


if __name__ == "__main__":
    sys.exit(main())
