"""A worker that is watched: its processes count, and its parent answers over HTTP."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from plangate.listening import Address
from plangate.settings import Settings
from plangate.worker.catalogue_in_force import CatalogueInForce
from plangate.worker.counts import counting
from plangate.worker.endpoint.open import endpoint
from plangate.worker.fleet import parts_of
from plangate.worker.supervisor import Child, Supervisor


def run_watched(
    address: Address, settings: Settings, children: Sequence[Child], catalogue: CatalogueInForce
) -> None:
    """Keep the children until SIGTERM, and answer at `address`. Raises EndpointTakenError, OSError."""
    parts = {child.name: parts_of(child) for child in children}
    with counting(parts) as counts:
        counted = [
            replace(child, environment={**child.environment, **counts.environment(child.name)})
            for child in children
        ]
        supervisor = Supervisor(counted, reload=catalogue.reload, on_end=counts.ended)
        with endpoint(address, settings, parts, supervisor, counts, catalogue):
            asyncio.run(supervisor.run())
