"""Keeps the services of a laboratory alive, as any operator would."""

import asyncio
import logging

from plangate.kafka.roles import Role
from plangate.torture.logins import kept
from plangate.torture.places import places
from plangate.torture.services.plans import WITH_STORE, WITHOUT_STORE
from plangate.worker.supervisor import Child, Supervisor

CHILD = "plangate.torture.services.child"
STEADY_S = 2.0  # a laboratory kills too often for the pauses of production


def main() -> None:
    """Supervise one service of each sort."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    own = kept(places().folder).get(Role.SERVICE, {})
    children = [Child(f"service {sort}", CHILD, (sort,), own) for sort in (WITH_STORE, WITHOUT_STORE)]
    asyncio.run(Supervisor(children, steady_s=STEADY_S).run())


if __name__ == "__main__":
    main()
