"""READY runs that a worker leaves to others, because it does not have their graph as it paused."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, false, func, not_, or_, select

from gate_store.dialects import database_now, whole, word
from gate_store.engine.port import Served
from gate_store.tables import runs


def unserved(conn: Connection, served: Served, now: datetime) -> Mapping[str, int]:
    """How many runs are READY beyond those that are served, by the graph's name."""
    ours = [
        and_(runs.c.graph == graph, whole(runs.c.pause).contains(mark, autoescape=True))
        for graph, mark in served.marks()
    ]
    found = conn.execute(
        select(runs.c.graph, func.count())
        .where(runs.c.status == word("READY"), runs.c.not_before <= database_now(conn, now))
        .where(not_(or_(false(), *ours)))
        .group_by(runs.c.graph)
        .order_by(runs.c.graph)
    )
    return {row.graph: row[1] for row in found}
