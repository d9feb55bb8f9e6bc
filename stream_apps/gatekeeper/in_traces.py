"""Which traces the records of a batch belong to, and so what they lead to."""

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared
from gate_events.tracing import of_record
from gate_store.traces import kept_traces
from stream_apps.consume import Received
from stream_apps.spans import Spans


def begin_spans(
    conn: Connection, decoded: Sequence[tuple[Received, Any]], spans: Spans
) -> Mapping[Hashable, str]:
    """Begin the spans of a batch; the traceparents that rows keep, for `caused_by`.

    A gate keeps that of its own request. What is said about a plan keeps that of the last record about it
    that is applied: a decision's, which opens with what its gate keeps, or with that of a request beside it.
    """
    kept = dict(zip(range(len(decoded)), kept_traces(conn, [record for _, record in decoded]), strict=True))
    causes: dict[Hashable, str] = {}
    places = sorted(range(len(decoded)), key=lambda place: _turn(decoded[place][1]))
    for place in places:
        received, record = decoded[place]
        gate = record.request_id if isinstance(record, DecisionMade) else None
        spans.process(received, kept[place] or (causes.get(gate) if gate else None))
        received.describe(partial(of_record, record))
        if received.traceparent is None:
            continue
        if isinstance(record, ApprovalRequested):
            causes.setdefault((record.request_id, record.digest), received.traceparent)
            causes.setdefault(record.request_id, received.traceparent)
        causes[record.plan_id] = received.traceparent
    return causes


def _turn(record: Any) -> int:
    """Claims are applied first, decisions last."""
    return 0 if isinstance(record, ApprovalRequested | PlanCleared) else 1 + isinstance(record, DecisionMade)
