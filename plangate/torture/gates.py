"""The gates as reviewers see them: in the store."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Engine, select

from gate_events.records import ApprovalRequested
from gate_store.dialects import among, read, whole
from gate_store.tables import gates, plan_outcomes
from plangate.torture.liars.undecided import Outcome


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

    def unheard(self, told: Mapping[UUID, Outcome]) -> Collection[UUID]:
        """Those of these gates that stand open, or are yet to open, and know nothing of the told outcome."""
        if not told:
            return ()
        outcomes = plan_outcomes.c
        with self._store.connect() as conn:
            closed = conn.execute(
                select(gates.c.gate_id).where(among(conn, gates.c.gate_id, told), gates.c.state != "PENDING")
            ).scalars()
            known = conn.execute(
                select(outcomes.plan_id, outcomes.digest, outcomes.attempt).where(
                    among(conn, outcomes.plan_id, {each.plan_id for each in told.values()})
                )
            )
            heard = {Outcome(*row) for row in known}
            return told.keys() - set(closed) - {gate for gate, each in told.items() if each in heard}
