"""While something is stopped, no verdict lets a service begin it: it waits in the outbox."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from gate_events.codec import decode
from gate_events.contracts import SINGLE_OBJECT, first_contract_of
from gate_events.errors import UndecodableError
from gate_events.records import PlanDecided
from gate_events.stops import Stop, holding
from gate_store.engine.port import OutboxRow
from gate_store.stop_file import StopFile
from gate_store.stops import in_force


class HeldVerdicts:
    """The outbox's rows that a stop holds. What lets nothing run is published, and what a run may do."""

    def __init__(self, stop_file: StopFile) -> None:
        self.ids: set[int] = set()
        self._stop_file = stop_file
        self._by: frozenset[UUID] = frozenset()  # the stops that were in force

    def look_again(self, conn: Connection) -> None:
        """Forget what is held where a stop has begun or ended since."""
        self._stops(conn)

    def hold(self, conn: Connection, rows: Sequence[tuple[int, OutboxRow]]) -> None:
        """Note which of these rows are held."""
        verdicts = [(number, row) for number, row in rows if row.record == PlanDecided.__name__]
        if verdicts and (stops := self._stops(conn)):
            self.ids |= {number for number, row in verdicts if _is_held(row, stops)}

    def _stops(self, conn: Connection) -> list[Stop]:
        stops = [*self._stop_file.stops(), *in_force(conn)]
        by = frozenset(stop.stop_id for stop in stops)
        if by != self._by:
            self.ids, self._by = set(), by
        return stops


def _is_held(row: OutboxRow, stops: Sequence[Stop]) -> bool:
    contract = bytes.fromhex(row.contract) if row.contract else first_contract_of(PlanDecided).fingerprint
    try:
        verdict = decode(SINGLE_OBJECT + contract + row.body, PlanDecided)
    except UndecodableError:
        return True  # whatever it says, it waits
    lets_run = verdict.execute and verdict.run is None
    return lets_run and any(holding(stops, step.action_type) for step in verdict.steps)
