"""READY runs that a worker leaves to others, because it does not have their graph as it paused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, tuple_

from gate_store.dialects import database_now
from gate_store.tables import runs


@dataclass(frozen=True, slots=True)
class Unserved:
    """How many runs wait for a version of a graph."""

    graph: str
    version: str
    count: int


def unserved(conn: Connection, versions: Mapping[str, str], now: datetime) -> Sequence[Unserved]:
    """What nobody has claimed although it is READY, beyond these `versions` of graphs by name."""
    version = runs.c.pause["graph_version"].as_string()
    found = conn.execute(
        select(runs.c.graph, version, func.count())
        .where(runs.c.status == "READY", runs.c.not_before <= database_now(conn, now))
        .where(tuple_(runs.c.graph, version).not_in(list(versions.items())))
        .group_by(runs.c.graph, version)
        .order_by(runs.c.graph, version)
    )
    return [Unserved(*row) for row in found]
