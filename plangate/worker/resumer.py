"""The process of one resumer: `python -m plangate.worker.resumer`."""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing that is imported is garbage: not to look for it saves a fifth of the start

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"  # read when langgraph is imported, below

from gate_store.heartbeats import RESUMER
from plangate.settings import load_settings
from plangate.tracing import exporting_all
from plangate.wiring import name_agent, open_catalogue
from plangate.worker import logs
from plangate.worker.heartbeat import Heartbeat, process_at
from plangate.worker.parent import end_with_parent
from plangate.worker.policy import keep_catalogue
from plangate.worker.resumer_wiring import resumer_config
from plangate.worker.slots import Slot
from plangate.worker.undo_service import without_function
from stream_apps.resumer.process import serve

log = logging.getLogger("plangate.resumer")


def main() -> None:
    """Entry of the child process."""
    gc.enable()
    end_with_parent()
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    name_agent(settings)
    slot = Slot(f"{settings.topic_prefix}resumer")
    versions = (version("plangate"), version("langgraph"))
    log.info("resumer %s of plangate %s starts: langgraph %s, %s", slot.name, *versions, settings.graphs)
    catalogue = open_catalogue(settings)
    keep_catalogue(catalogue, settings.store_url, "resumer")
    with exporting_all(RESUMER, slot.name), ExitStack() as beating:

        def serves(worker: str, graphs: Mapping[str, str], undoes: Mapping[str, Sequence[str]]) -> None:
            if told := without_function(catalogue, undoes):
                log.warning(told)
            process = replace(process_at(slot, catalogue), name=worker, graphs=graphs, undoes=undoes)
            heartbeat = Heartbeat(settings.store_url, process, [RESUMER])
            heartbeat.serves(RESUMER)
            beating.enter_context(heartbeat.beating())

        serve(replace(resumer_config(settings, slot, catalogue), serves=serves))


if __name__ == "__main__":
    main()
