"""A resumer under torture: the production process, its store port and its clock wrapped."""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing that is imported is garbage: not to look for it saves a fifth of the start

import os

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"  # read when langgraph is imported, below

import logging
from dataclasses import replace
from typing import Any

from gate_store.engine.open import open_engine_store
from gate_store.engine.port import EngineStore, Served
from plangate.settings import load_settings
from plangate.torture.clock import jumping
from plangate.torture.places import places
from plangate.torture.struck_store import StruckStore
from plangate.wiring import open_catalogue
from plangate.worker.parent import end_with_parent
from plangate.worker.policy import keep_catalogue
from plangate.worker.resumer_wiring import resumer_config
from plangate.worker.slots import Slot
from stream_apps.resumer.process import serve

CLOCK_OFF_S = 30.0  # a resumer's own clock says when a run that failed is tried again


def main() -> None:
    """Entry of the child process."""
    gc.enable()
    end_with_parent()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    settings, where = load_settings(), places()
    slot = Slot(f"{settings.topic_prefix}resumer")

    def struck(url: str, serde: Any, served: Served) -> EngineStore:
        return StruckStore(open_engine_store(url, serde, served), where)

    catalogue = open_catalogue(settings)
    keep_catalogue(catalogue, settings.store_url, "resumer")
    config = resumer_config(settings, slot, catalogue)
    serve(replace(config, open_store=struck, clock=jumping(where, CLOCK_OFF_S), backoff_s=0.2))


if __name__ == "__main__":
    main()
