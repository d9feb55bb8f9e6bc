"""Runs that a worker leaves to others, because it does not have their graph as it paused."""

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


def paused_elsewhere(conn: Connection, served: Served, limit: int) -> list[str]:
    """Threads of runs that wait at a gate in another version of a graph that is served, the oldest first."""
    other = [
        and_(runs.c.graph == graph, not_(whole(runs.c.pause).contains(mark, autoescape=True)))
        for graph, mark in served.marks()
    ]
    waits = (runs.c.status == word("PAUSED"), or_(false(), *other))
    return list(conn.scalars(select(runs.c.thread_id).where(*waits).order_by(runs.c.updated_at).limit(limit)))
