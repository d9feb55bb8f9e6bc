"""Decisions meet their gates: ruled, recorded and, where they close one, carried out in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gate_events.records import DecisionMade
from gate_store.bulk import upsert
from gate_store.closing import carry_out
from gate_store.deciding import rule
from gate_store.dispositions import Disposition, Fate
from gate_store.docket import Docket, open_docket
from gate_store.plain_text import storable
from gate_store.tables import decisions
from gate_store.verdicts import Closing, Retier, Undo, close

_WAITS = "its approval request has not come yet"


@dataclass(frozen=True, slots=True)
class _Judged:
    decision: DecisionMade
    disposition: Disposition
    closing: Closing | None = None


def apply_decisions(
    conn: Connection, batch: Sequence[DecisionMade], now: datetime, retier: Retier, undo: Undo
) -> list[Disposition]:
    """Apply decisions in log order, as if one by one; returns what became of each.

    A redelivered decision changes nothing and gets the disposition that it has. A decision whose gate is
    not there is WAITING; `open_gates` returns it once the gate is.
    """
    if not batch:
        return []
    docket = open_docket(conn, batch)
    news: list[_Judged] = []
    dispositions = []
    for decision in batch:
        before = docket.recorded.get(decision.event_id)
        if before and not _may_go_on(docket, decision, before):
            dispositions.append(before)
            continue
        judged = _judge(docket, decision, retier, undo)
        docket.note(decision, judged.disposition, judged.closing.verdict.state if judged.closing else None)
        news.append(judged)
        dispositions.append(judged.disposition)
    _record(conn, news, now)
    carry_out(conn, [judged.closing for judged in news if judged.closing], now)
    return dispositions


def _may_go_on(docket: Docket, decision: DecisionMade, before: Disposition) -> bool:
    return before.fate is Fate.WAITING and decision.request_id in docket.standings


def _judge(docket: Docket, decision: DecisionMade, retier: Retier, undo: Undo) -> _Judged:
    standing = docket.standings.get(decision.request_id)
    if standing is None:
        return _judged(decision, Fate.WAITING, _WAITS)
    ruling = rule(standing, decision)
    if ruling.state is None:
        return _judged(decision, ruling.fate, ruling.why)
    ended = close(
        standing.request,
        decision,
        ruling.state,
        retier,
        lambda request, said: undo(request, said, docket.outcomes.get(request.plan_id)),
    )
    if isinstance(ended, str):
        return _judged(decision, Fate.REFUSED, ended)
    return _judged(decision, Fate.DECIDED, f"closed the gate: {ended.verdict.state.value}", ended)


def _judged(decision: DecisionMade, fate: Fate, why: str, closing: Closing | None = None) -> _Judged:
    return _Judged(decision, Disposition(decision.event_id, fate, why), closing)


def _record(conn: Connection, news: Iterable[_Judged], now: datetime) -> None:
    rows = [_row(judged, now) for judged in news]
    still_open = decisions.c.disposition == Fate.WAITING
    upsert(conn, decisions, rows, "decision_id", ["disposition", "why"], still_open)


def _row(judged: _Judged, now: datetime) -> dict[str, Any]:
    decision = judged.decision
    return {
        "decision_id": decision.event_id,
        "gate_id": decision.request_id,
        "plan_id": decision.plan_id,
        "kind": decision.kind.value,
        "decided_by": decision.decided_by,
        "decided_at": decision.decided_at,
        "recorded_at": now,
        "disposition": judged.disposition.fate.value,
        "why": storable(judged.disposition.why),
        "record": decision,
    }
