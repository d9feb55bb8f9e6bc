"""The gates of a run, and how far each has come: asked, delivered, seen, decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gate_store.decided import may_read
from gate_store.tables import gates, views
from gate_store.views import Viewed, views_of


@dataclass(frozen=True, slots=True)
class GateStands:
    """A gate of a run. `asked_at` is None, and `views` empty, where this user may not read them."""

    gate_id: UUID
    state: str
    asked_at: datetime | None
    views: Sequence[Viewed] = ()

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state == "PENDING"


def gates_of_run(conn: Connection, thread_id: str) -> list[GateStands]:
    """All of them, as they are told: the first asked first, so far as this user may know."""
    columns: list[Any] = [gates.c.gate_id, gates.c.state]
    if dated := may_read(conn, gates.c.requested_at):
        columns.append(gates.c.requested_at)
    of_run = select(*columns).where(gates.c.thread_id == thread_id)
    found = conn.execute(of_run.order_by(*columns[2:], gates.c.attempt, gates.c.gate_id)).all()
    looks = views_of(conn, [row.gate_id for row in found]) if may_read(conn, views.c.who) else {}
    return [
        GateStands(row.gate_id, row.state, row[2] if dated else None, looks.get(row.gate_id, ()))
        for row in found
    ]
