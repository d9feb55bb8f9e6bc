"""Gates that expired: nobody decided, and perhaps nobody knew that they were asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import Connection, case, exists, func, select

from gate_store.dialects import among, whole, word
from gate_store.tables import decisions, gates, views
from gate_store.views import What, views_of


@dataclass(frozen=True, slots=True)
class Undecided:
    """A gate that expired. `delivered` and `seen` name who looked, as far as that is known."""

    gate_id: UUID
    kind: str
    tier: str
    open_for: timedelta
    delivered: Sequence[str]
    seen: Sequence[str]


class _Request(msgspec.Struct):
    tier: str


def undecided_by(conn: Connection, expiries: Collection[UUID]) -> list[Undecided]:
    """The gates that these decisions, EXPIRE by id, have ended, in the order of their deadlines."""
    if not expiries:
        return []
    columns = (gates.c.gate_id, gates.c.kind, gates.c.requested_at, gates.c.deadline)
    found = conn.execute(
        select(*columns, whole(gates.c.request).label("request"))
        .join_from(gates, decisions, gates.c.gate_id == decisions.c.gate_id)
        .where(among(conn, decisions.c.decision_id, expiries))
        .order_by(gates.c.deadline, gates.c.gate_id)
    ).all()
    looked = views_of(conn, [row.gate_id for row in found])
    return [
        Undecided(
            row.gate_id,
            row.kind,
            msgspec.json.decode(row.request, type=_Request).tier,
            row.deadline - row.requested_at,
            *([each.who for each in looked.get(row.gate_id, []) if each.what is what] for what in What),
        )
        for row in found
    ]


def count_undecided(conn: Connection, since: datetime) -> tuple[int, int]:
    """How many gates expired, with a deadline since then, and how many of them nobody said to have seen."""
    seen = exists().where(views.c.gate_id == gates.c.gate_id, views.c.what == What.SEEN.value)
    row = conn.execute(
        select(func.count(), func.coalesce(func.sum(case((~seen, 1), else_=0)), 0)).where(
            gates.c.state == word("EXPIRED"), gates.c.deadline >= since
        )
    ).one()
    return row[0], row[1]
