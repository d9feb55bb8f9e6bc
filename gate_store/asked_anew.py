"""Which of our questions stands in place of a request that was not taken as it came."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import Connection, select

from gate_store.bulk import insert_new
from gate_store.dialects import among
from gate_store.plain_text import storable
from gate_store.tables import asked_anew, queued_plans


def note_asked_anew(conn: Connection, asked: Iterable[tuple[UUID, UUID, str]]) -> None:
    """Note (request id, gate id, why)."""
    rows = [{"request_id": request, "gate_id": gate, "why": storable(why)} for request, gate, why in asked]
    insert_new(conn, asked_anew, rows, "request_id")


def gates_asked_anew(conn: Connection, request_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The gates that stand in place of these requests, or do once their turn comes."""
    if not request_ids:
        return {}
    columns = (asked_anew.c.request_id, asked_anew.c.gate_id)
    waits = select(queued_plans.c.request_id, queued_plans.c.gate_id).where(
        among(conn, queued_plans.c.request_id, request_ids), queued_plans.c.why.is_(None)
    )
    found = conn.execute(
        select(*columns).where(among(conn, asked_anew.c.request_id, request_ids)).union(waits)
    )
    return {row.request_id: row.gate_id for row in found}
