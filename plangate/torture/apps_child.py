"""The Faust apps under torture: the production process, with fault points around its commits."""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing that is imported is garbage: not to look for it saves a fifth of the start

import logging
import os
import sys
from dataclasses import replace

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from gate_store.store_url import is_postgres
from plangate.kafka.registry import SchemaIds
from plangate.settings import load_settings
from plangate.torture.clock import jumping
from plangate.torture.fault_points import FaultPoints
from plangate.torture.places import places, registry_url
from plangate.worker.apps import slot_of
from plangate.worker.apps_wiring import apps_config
from plangate.worker.parent import end_with_parent
from plangate.worker.policy import keep_catalogue
from stream_apps.process import run_process

CLOCK_OFF_S = 3600.0
SAME_MACHINE_S = 30.0  # with SQLite the machine's clock is the store's: what it was set ahead is waited for


def main() -> int:
    """Entry of the child process."""
    gc.enable()
    end_with_parent()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    settings, where = load_settings(), places()
    points = FaultPoints(where)
    off = CLOCK_OFF_S if is_postgres(settings.store_url) else SAME_MACHINE_S
    event.listen(Engine, "commit", lambda _connection: points.at("commit.before"))
    event.listen(Pool, "checkin", lambda *_: points.at("commit.after"))
    parts = frozenset(sys.argv[1:])
    slot = slot_of(settings.topic_prefix, parts)
    (where.awake / str(os.getpid())).touch()
    config = apps_config(settings, parts, slot.name)
    if url := registry_url():  # read by, not written with: the honest go on as they are
        config = replace(config, schema_of_id=SchemaIds({"url": url}).schema_of)
    keep_catalogue(config.catalogue, settings.store_url, " and ".join(sys.argv[1:]))
    return run_process(replace(config, clock=jumping(where, off)))


if __name__ == "__main__":
    sys.exit(main())
