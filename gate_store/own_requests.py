"""What the outbox said and others must not say otherwise: our own questions, what runs proposed and did."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, delete, exists, select

from gate_events.codec import body_of, decode
from gate_events.contracts import SINGLE_OBJECT, contract_of, first_contract_of, named_contract
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.ids import derived, outcome_id, proposal_id
from gate_events.records import ApprovalRequested, PlanExecuted, PlanProposed
from gate_store.dialects import among
from gate_store.tables import outbox, own_requests

R = TypeVar("R")


def own(conn: Connection, records: Sequence[ApprovalRequested]) -> list[bool]:
    """Per record whether the store said it, word for word."""
    said = _noted(conn, {record.event_id for record in records})
    return [record.event_id in said and _says(said[record.event_id], record) for record in records]


def on_their_way(conn: Connection, gate_ids: Collection[UUID]) -> dict[UUID, str]:
    """The digests of our own questions at these gates that were said and did not come back yet, by gate."""
    ids = {derived("requested", gate_id): gate_id for gate_id in gate_ids}
    said = {ids[event_id]: read_own(row, ApprovalRequested) for event_id, row in _noted(conn, ids).items()}
    return {gate_id: question.digest for gate_id, question in said.items() if question is not None}


def own_outcomes(conn: Connection, told: Sequence[PlanExecuted]) -> list[bool | None]:
    """Per outcome whether it is what its run told, word for word; None: none is known to be told.

    A run tells one outcome of an attempt, as it ends. It is forgotten once it is kept.
    """
    ids = [outcome_id(each.plan_id, each.digest, each.attempt) for each in told]
    said = _noted(conn, set(ids))
    return [
        _says(said[event_id], each) if event_id in said else None
        for event_id, each in zip(ids, told, strict=True)
    ]


def left_the_outbox(conn: Connection, limit: int) -> list[ApprovalRequested | PlanExecuted]:
    """Our questions and the outcomes of runs that a relay was done with, and that did not come back yet."""
    questions = [read_own(row, ApprovalRequested) for row in _left(conn, ApprovalRequested, limit)]
    outcomes = [read_own(row, PlanExecuted) for row in _left(conn, PlanExecuted, limit)]
    return [record for record in (*questions, *outcomes) if record is not None]


def _left(conn: Connection, kind: type[Any], limit: int) -> Sequence[Any]:
    contracts = {each(kind).fingerprint.hex() for each in (contract_of, first_contract_of)}
    waits = exists().where(outbox.c.event_id == own_requests.c.event_id)
    left = select(own_requests).where(own_requests.c.contract.in_(contracts), ~waits)
    return conn.execute(left.order_by(own_requests.c.event_id).limit(limit)).all()


def _noted(conn: Connection, event_ids: Collection[UUID]) -> Mapping[UUID, Any]:
    if not event_ids:
        return {}
    noted = select(own_requests.c.event_id, own_requests.c.contract, own_requests.c.body)
    found = conn.execute(noted.where(among(conn, own_requests.c.event_id, event_ids)))
    return {row.event_id: row for row in found}


def proposed_by_runs(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, PlanProposed]:
    """What runs proposed as these plans, and nobody asked about or cleared yet."""
    if not plan_ids:
        return {}
    ids = {proposal_id(plan_id): plan_id for plan_id in plan_ids}
    found = conn.execute(select(own_requests).where(among(conn, own_requests.c.event_id, ids)))
    read = {ids[row.event_id]: read_own(row, PlanProposed) for row in found}
    return {plan_id: proposal for plan_id, proposal in read.items() if proposal is not None}


def forget(conn: Connection, event_ids: Iterable[UUID]) -> None:
    """What came back is a gate of the store, a clearance, or an outcome that is kept."""
    if ids := set(event_ids):
        conn.execute(delete(own_requests).where(among(conn, own_requests.c.event_id, ids)))


def forget_outcomes(conn: Connection, told: Iterable[PlanExecuted]) -> None:
    """The same for what runs told."""
    forget(conn, [outcome_id(each.plan_id, each.digest, each.attempt) for each in told])


def read_own(row: Any, kind: type[R]) -> R | None:
    """The record of a row of `own_requests`; None: it is of another type."""
    try:
        return decode(SINGLE_OBJECT + named_contract(row.contract, kind) + bytes(row.body), kind)
    except UndecodableError:
        return None


def _says(row: Any, record: ApprovalRequested | PlanExecuted) -> bool:
    try:
        if bytes(row.body) == body_of(record):
            return True
    except UnencodableError:  # we never said it
        return False
    return read_own(row, type(record)) == record  # another version wrote it, with another contract
