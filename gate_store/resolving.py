"""A human's word on effects in doubt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, bindparam, update

from gate_events.ids import effect_key
from gate_events.words import Resolution
from gate_store.plain_text import storable
from gate_store.tables import effects, runs
from gate_store.verdicts import Closing


def resolve(conn: Connection, closings: Sequence[Closing], now: datetime) -> None:
    """Settle the effects, and let their runs go on: IN_DOUBT -> READY with the answer they had."""
    settled = [row for each in closings if (row := _settled(each))]
    if not settled:
        return
    in_doubt = update(effects).where(effects.c.effect_id == bindparam("key"), effects.c.state == "IN_DOUBT")
    conn.execute(in_doubt, settled)
    waiting = [_waiting(each, now) for each in closings if each.request.run]
    if waiting:
        stopped = update(runs).where(
            runs.c.thread_id == bindparam("key"),
            runs.c.plan_id == bindparam("plan"),
            runs.c.status == "IN_DOUBT",
            runs.c.answer.is_not(None),
        )
        conn.execute(stopped, waiting)


def _settled(each: Closing) -> dict[str, Any] | None:
    if each.request.in_doubt is None or each.decision.resolution is None:
        return None
    state, finished = _state(each.decision.resolution)
    return {
        "key": effect_key(each.request.plan_id, each.request.in_doubt.step_id),
        "state": state,
        "detail": storable(f"{each.decision.decided_by} resolved the doubt: {each.decision.note}"),
        "finished_at": each.decision.decided_at if finished else None,
    }


def _state(resolution: Resolution) -> tuple[str, bool]:
    match resolution:
        case Resolution.HAPPENED:
            return "SUCCEEDED", True
        case Resolution.RETRY:
            return "RETRY", False
        case Resolution.ABANDON:
            return "FAILED", True
    assert_never(resolution)


def _waiting(each: Closing, now: datetime) -> dict[str, Any]:
    run = each.request.run
    return {
        "key": run.thread_id if run else "",
        "plan": each.request.plan_id,
        "status": "READY",
        "not_before": now,
        "updated_at": now,
    }
