"""The gates as reviewers see them: in the store."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Engine, select

from gate_events.records import ApprovalRequested
from gate_store.dialects import among, read, whole
from gate_store.tables import gates


class Gates:
    """Looks gates up."""

    def __init__(self, store: Engine) -> None:
        self._store = store

    def pending(self, wanted: Collection[UUID]) -> Mapping[UUID, ApprovalRequested | None]:
        """What the wanted gates ask; None for those that are closed. Others are not there yet."""
        if not wanted:
            return {}
        with self._store.connect() as conn:
            found = conn.execute(
                select(gates.c.gate_id, gates.c.state, whole(gates.c.request).label("request")).where(
                    among(conn, gates.c.gate_id, wanted)
                )
            ).all()
        return {
            row.gate_id: read(row.request, ApprovalRequested) if row.state == "PENDING" else None
            for row in found
        }
