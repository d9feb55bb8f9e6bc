"""Which approval requests on Kafka are our own: what the outbox said, come back word for word."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select

from gate_events.codec import body_of, decode
from gate_events.contracts import SINGLE_OBJECT, first_contract_of
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.records import ApprovalRequested
from gate_store.dialects import among
from gate_store.tables import own_requests


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


def forget(conn: Connection, event_ids: Sequence[UUID]) -> None:
    """What came back is a gate of the store."""
    if event_ids:
        conn.execute(delete(own_requests).where(among(conn, own_requests.c.event_id, event_ids)))


def _says(row: Any, record: ApprovalRequested) -> bool:
    body, kind = bytes(row.body), type(record)
    try:
        if body == body_of(record):
            return True
    except UnencodableError:  # we never said it
        return False
    contract = bytes.fromhex(row.contract) if row.contract else first_contract_of(kind).fingerprint
    try:  # another version wrote it, with another contract
        return bool(decode(SINGLE_OBJECT + contract + body, kind) == record)
    except UndecodableError:
        return False
