"""Why nothing takes the plan of a run that waits: noted at the run, where whoever submitted it may look."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, update

from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.shown import shown
from gate_store.claim_content import foreign_id, other_content
from gate_store.dialects import among, word
from gate_store.judged_words import same_words
from gate_store.own_requests import proposed_by_runs
from gate_store.plain_text import storable
from gate_store.superseding import asks_before
from gate_store.tables import runs

_OF_PLANS = (PlanProposed, PlanCleared, ApprovalRequested)


def note_refused(conn: Connection, refused: Collection[tuple[Any, str]]) -> None:
    """Note these records' faults at the runs that proposed just that, and that nobody asked about or cleared.

    What a record merely claims of a run is no fault of the run's.
    """
    of_runs = [(record, why) for record, why in refused if isinstance(record, _OF_PLANS) and record.run]
    proposed = proposed_by_runs(conn, {record.plan_id for record, _ in of_runs})
    noted = {
        record.plan_id: why
        for record, why in of_runs
        if record.plan_id in proposed and _says(record, proposed[record.plan_id])
    }
    for plan_id, why in noted.items():
        waits = (runs.c.plan_id == plan_id) & (runs.c.status == word("PAUSED"))
        conn.execute(update(runs).where(waits).values(error=storable(shown(why))))


def forget_refusals(conn: Connection, plan_ids: Collection[UUID]) -> None:
    """They are tried again."""
    if plan_ids:
        noted = (among(conn, runs.c.plan_id, plan_ids), runs.c.status == word("PAUSED"), runs.c.error != "")
        conn.execute(update(runs).where(*noted).values(error=""))


def _says(record: PlanProposed | PlanCleared | ApprovalRequested, proposed: PlanProposed) -> bool:
    same = (record.run, record.revision, record.steps) == (proposed.run, proposed.revision, proposed.steps)
    return same and same_words(proposed, record) and not _is_forged(record)


def _is_forged(record: PlanProposed | PlanCleared | ApprovalRequested) -> bool:
    """Whether no router of ours says this, whatever the run proposed: anybody may copy its plan."""
    if isinstance(record, PlanProposed):
        return False
    if isinstance(record, ApprovalRequested) and not (asks_before(record) and record.attempt == 1):
        return True
    return other_content(record) is not None or foreign_id(record) is not None
