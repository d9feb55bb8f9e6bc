"""What the outbox said and others must not say otherwise: our own questions, and what runs proposed."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, delete, select

from gate_events.codec import body_of, decode
from gate_events.contracts import SINGLE_OBJECT, first_contract_of
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.ids import proposal_id
from gate_events.records import ApprovalRequested, PlanProposed
from gate_store.dialects import among
from gate_store.tables import own_requests

R = TypeVar("R", ApprovalRequested, PlanProposed)


def own(conn: Connection, records: Sequence[ApprovalRequested]) -> list[bool]:
    """Per record whether the store said it, word for word."""
    ids = {record.event_id for record in records}
    if not ids:
        return []
    found = conn.execute(
        select(own_requests.c.event_id, own_requests.c.contract, own_requests.c.body).where(
            among(conn, own_requests.c.event_id, ids)
        )
    )
    said = {row.event_id: row for row in found}
    return [record.event_id in said and _says(said[record.event_id], record) for record in records]


def proposed_by_runs(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, PlanProposed]:
    """What runs proposed as these plans, and nobody asked about or cleared yet."""
    if not plan_ids:
        return {}
    ids = {proposal_id(plan_id): plan_id for plan_id in plan_ids}
    found = conn.execute(select(own_requests).where(among(conn, own_requests.c.event_id, ids)))
    read = {ids[row.event_id]: _read(row, PlanProposed) for row in found}
    return {plan_id: proposal for plan_id, proposal in read.items() if proposal is not None}


def forget(conn: Connection, event_ids: Sequence[UUID]) -> None:
    """What came back is a gate of the store, or a clearance."""
    if event_ids:
        conn.execute(delete(own_requests).where(among(conn, own_requests.c.event_id, event_ids)))


def _says(row: Any, record: ApprovalRequested) -> bool:
    try:
        if bytes(row.body) == body_of(record):
            return True
    except UnencodableError:  # we never said it
        return False
    return _read(row, type(record)) == record  # another version wrote it, with another contract


def _read(row: Any, kind: type[R]) -> R | None:
    contract = bytes.fromhex(row.contract) if row.contract else first_contract_of(kind).fingerprint
    try:
        return decode(SINGLE_OBJECT + contract + bytes(row.body), kind)
    except UndecodableError:
        return None
