"""Decisions meet their gates: ruled, recorded and, where they close one, carried out in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from gate_events.names import name_key
from gate_events.records import DecisionMade, PlanDecided
from gate_store.bulk import upsert
from gate_store.closing import carry_out
from gate_store.dispositions import Disposition, Fate
from gate_store.docket import open_docket
from gate_store.judging import Judge, Judged
from gate_store.plain_text import storable
from gate_store.said import Said, said
from gate_store.tables import decisions
from gate_store.verdicts import Retier, Undo


def apply_decisions(
    conn: Connection,
    batch: Sequence[DecisionMade | Said],
    now: datetime,
    retier: Retier,
    undo: Undo,
    verdicts: Mapping[UUID, PlanDecided] | None = None,
) -> list[Disposition]:
    """Apply decisions in log order, as if one by one; returns what became of each.

    A redelivered decision changes nothing and gets the disposition that it has. A decision whose gate is
    not there is WAITING; `open_gates` returns it once the gate is. A bare one counts by the earlier of its
    own date and `now`. What is a DEAD_LETTER is not recorded. With `verdicts`, by decision id, it is a
    replay: what closed gates then closes them.
    """
    if not batch:
        return []
    came = [each if isinstance(each, Said) else said(each, now, None) for each in batch]
    docket = open_docket(conn, [each.decision for each in came])
    judge = Judge(now, retier, undo, verdicts)
    judged = []
    for each in came:
        one = judge.judge(docket, each)
        docket.note(each, one.disposition, one.closing.verdict.state if one.closing else None)
        judged.append(one)
    _record(conn, judged, now)
    carry_out(conn, [one.closing for one in judged if one.closing], now)
    return [one.disposition for one in judged]


def _record(conn: Connection, news: Iterable[Judged], now: datetime) -> None:
    """The last that became of each; a batch may hold a decision several times."""
    rows = {judged.row_id: _row(judged, judged.row_id, now) for judged in news if judged.row_id}
    still_open = decisions.c.disposition == Fate.WAITING
    upsert(conn, decisions, list(rows.values()), "decision_id", ["disposition", "why", "said_at"], still_open)


def _row(judged: Judged, row_id: UUID, now: datetime) -> dict[str, Any]:
    decision = judged.said.decision
    return {
        "decision_id": row_id,
        "gate_id": decision.request_id,
        "plan_id": decision.plan_id,
        "kind": decision.kind.value,
        "decided_by": decision.decided_by,
        "decided_at": decision.decided_at,
        "name": name_key(decision.decided_by),
        "said_at": judged.said.moment,
        "recorded_at": now,
        "disposition": judged.disposition.fate.value,
        "why": storable(judged.disposition.why),
        "record": decision,
    }
