"""What the tests do with a store, and what they look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from gate_events.codec import decode
from gate_events.contracts import SINGLE_OBJECT, first_contract_of
from gate_events.ids import derived
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
)
from gate_events.topics import TOPICS
from gate_events.values import RunIdentity
from gate_events.words import DecisionKind
from gate_store import clock
from gate_store.bulk import insert_new
from gate_store.clearances import record_cleared
from gate_store.decisions import apply_decisions
from gate_store.dialects import whole
from gate_store.dispositions import Disposition, Fate
from gate_store.doubts import ask_about_doubted, end_settled_doubts
from gate_store.gates import open_gates
from gate_store.said import Said
from gate_store.superseding import asks_before
from gate_store.tables import gates, outbox, runs
from gate_store.verdicts import AsEdited, Retier, Undo
from tests.store.examples import NOON, proposed

_RECORDS = {topic.record.__name__: topic.record for topic in TOPICS}


def ask_again(conn: Connection, now: datetime) -> int:
    """The clock's, of plans that nobody edited."""

    def none_was_edited(_: Connection, digests: Sequence[str], __: datetime) -> list[ApprovalRequested]:
        raise AssertionError(digests)

    return clock.ask_again(conn, now, none_was_edited)


def look_at_doubts(conn: Connection, now: datetime = NOON) -> None:
    """The clock's: questions about what is in doubt, and the ends of those about what is known by now."""
    end_settled_doubts(conn, now)
    ask_about_doubted(conn, now)


def as_edited(request: ApprovalRequested, decision: DecisionMade) -> AsEdited:
    return AsEdited(request.policy)


def compensated(
    request: ApprovalRequested, decision: DecisionMade, outcome: PlanExecuted | None
) -> PlanProposed:
    return proposed(derived("compensation", request.plan_id))


def decide(
    conn: Connection,
    *batch: DecisionMade | Said,
    now: datetime = NOON,
    retier: Retier = as_edited,
    undo: Undo = compensated,
    verdicts: Mapping[UUID, PlanDecided] | None = None,
) -> list[Disposition]:
    """Decisions that come when they are dated; what the clock says, when it is time."""
    came = [each if isinstance(each, Said) else Said(each, each.decided_at) for each in batch]
    expiries = [each.moment for each in came if each.decision.kind is DecisionKind.EXPIRE]
    return apply_decisions(conn, came, max([now, *expiries]), retier, undo, verdicts)


def fates(dispositions: Sequence[Disposition]) -> list[Fate]:
    return [each.fate for each in dispositions]


def paused(conn: Connection, *records: ApprovalRequested | PlanCleared) -> None:
    """The threads of these records that are not known yet wait at their plans, as a pause leaves them."""
    asks = [each for each in records if not isinstance(each, ApprovalRequested) or asks_before(each)]
    insert_new(conn, runs, [_paused(each, each.run) for each in asks if each.run], "thread_id")


def _paused(record: ApprovalRequested | PlanCleared, run: RunIdentity) -> dict[str, Any]:
    return {
        "thread_id": run.thread_id,
        "graph": run.graph,
        "status": "PAUSED",
        "token": 1,
        "plan_id": record.plan_id,
        "asked_digest": record.digest if record.revision == 1 else None,
        "pause": run,
        "attempts": 0,
        "not_before": NOON,
        "error": "",
        "created_at": NOON,
        "updated_at": NOON,
    }


def clear(conn: Connection, *plans: PlanCleared, at: datetime = NOON) -> None:
    """Let plans run unasked, as the gatekeeper does with what it judged."""
    paused(conn, *plans)
    record_cleared(conn, plans, at)


def ask(
    conn: Connection, *requests: ApprovalRequested, verdicts: Mapping[UUID, PlanDecided] | None = None
) -> list[Disposition]:
    """Open gates as the gatekeeper does: what waited for them is applied at once."""
    paused(conn, *requests)
    return decide(conn, *open_gates(conn, requests, NOON), verdicts=verdicts)


def state_of(conn: Connection, request: ApprovalRequested) -> str:
    found = conn.execute(select(gates.c.state).where(gates.c.gate_id == request.request_id))
    return str(found.scalar_one())


def verdict_of(conn: Connection, request: ApprovalRequested) -> PlanDecided:
    stored = conn.execute(select(whole(gates.c.verdict)).where(gates.c.gate_id == request.request_id))
    return msgspec.json.decode(stored.scalar_one(), type=PlanDecided)


def run_of(conn: Connection, thread_id: str = "t1") -> Any:
    return conn.execute(select(runs).where(runs.c.thread_id == thread_id)).one()


def said(conn: Connection, record: type[Any]) -> list[Any]:
    """What waits in the outbox, of one record type."""
    rows = conn.execute(select(outbox.c.record, outbox.c.body, outbox.c.contract).order_by(outbox.c.id))
    return [
        decode(SINGLE_OBJECT + _written_with(record, row.contract) + row.body, record)
        for row in rows
        if _RECORDS[row.record] is record
    ]


def _written_with(record: type[Any], contract: str | None) -> bytes:
    """The fingerprint of the contract that an outbox row was written with."""
    return bytes.fromhex(contract) if contract else first_contract_of(record).fingerprint
