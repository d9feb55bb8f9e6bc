"""Who looked at a gate, and when. No replay gives it back, and nothing that decides depends on it.

A name is what its bearer says. Of each name the first delivery and the first sight are kept.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from gate_store.bulk import insert_new
from gate_store.dialects import among
from gate_store.tables import views


class What(StrEnum):
    """DELIVERED: a list that they were shown had the gate. SEEN: they opened it."""

    DELIVERED = "DELIVERED"
    SEEN = "SEEN"


class Viewed(NamedTuple):
    """One look."""

    who: str
    what: What
    at: datetime


def note_views(conn: Connection, who: str, what: What, gate_ids: Collection[UUID], now: datetime) -> None:
    """That `who` looked at these gates. What was noted before stays as it was."""
    rows = [{"gate_id": gate, "who": who, "what": what.value, "at": now} for gate in sorted(set(gate_ids))]
    insert_new(conn, views, rows, "gate_id", "who", "what")


def views_of(conn: Connection, gate_ids: Collection[UUID]) -> Mapping[UUID, list[Viewed]]:
    """Who looked at each of these gates, the first first."""
    found = conn.execute(
        select(views.c.gate_id, views.c.who, views.c.what, views.c.at)
        .where(among(conn, views.c.gate_id, gate_ids))
        .order_by(views.c.at, views.c.who, views.c.what)
    )
    by_gate: defaultdict[UUID, list[Viewed]] = defaultdict(list)
    for row in found:
        by_gate[row.gate_id].append(Viewed(row.who, What(row.what), row.at))
    return by_gate
