"""Nobody judges by a catalogue that is not kept: a process keeps its own before it starts work."""

import asyncio
import logging

from gate_policy.catalogue import Catalogue
from gate_store.database import open_store, utc_now
from gate_store.policies import keep_policy
from stream_apps.patience import through_outages
from stream_apps.progress import Progress

log = logging.getLogger("plangate.worker")


def keep_catalogue(catalogue: Catalogue, store_url: str, by: str) -> None:
    """Keep the catalogue in the store, and say so where it is new; waits while the store is away.

    `by` names the parts that will judge by it.
    """
    if asyncio.run(through_outages("the store", lambda: _keep(catalogue, store_url, by), Progress())):
        log.info("catalogue %s is new here: kept under its digest by %s", catalogue.digest, by)


async def _keep(catalogue: Catalogue, store_url: str, by: str) -> bool:
    store = open_store(store_url, pool_size=1)
    try:
        with store.begin() as conn:
            return keep_policy(conn, catalogue.digest, catalogue.text, by, utc_now())
    finally:
        store.dispose()
