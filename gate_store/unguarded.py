"""Plans in which a graph without the ledger was cut off, or failed: nobody knows which steps happened.

All of the plan's steps are in doubt, and one question asks about them. Their rows have no attempt, since the
ledger let none of them begin: by that they are told from a step in doubt of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, or_, update

from gate_store import outbox
from gate_store.bulk import upsert
from gate_store.claims import BEFORE_RESTORE
from gate_store.dialects import word
from gate_store.doubts import Doubt, doubts_about
from gate_store.engine.port import FenceLostError, Intent
from gate_store.in_doubt import DoubtAbout
from gate_store.plain_text import storable
from gate_store.tables import effects, runs

_ASKED_ANEW = ("state", "detail", "doubt_id", "token", "executor", "claimed_at", "attempts")


@dataclass(frozen=True, slots=True)
class CutOff:
    """A claim of a run by `executor`, all steps of its plan, and what is `known` in plain English."""

    thread_id: str
    token: int
    executor: str
    plan_id: UUID
    digest: str
    steps: Sequence[Intent]
    known: str


def of_unguarded_plan() -> ColumnElement[bool]:
    """Of a row of `effects`: the ledger never let it begin; it is as known as the rest of its plan."""
    return effects.c.attempts == 0


def doubt_unguarded_plan(conn: Connection, cut: CutOff, now: datetime) -> None:
    """Ask, once for the whole plan, what happened, and end this claim of its run IN_DOUBT.

    Raises FenceLostError where the run is another's by now, UnknownClearanceError.
    """
    first = Doubt(cut.digest, cut.steps[0].step, cut.known, DoubtAbout.UNGUARDED_PLAN)
    [request] = doubts_about(conn, [first], now)
    rows = [_row(cut, each, request.request_id, now) for each in sorted(cut.steps, key=_effect_id)]
    let_again = or_(
        and_(of_unguarded_plan(), effects.c.state == "RETRY"),
        and_(effects.c.executor == BEFORE_RESTORE, effects.c.state == "CLAIMED"),
    )
    upsert(conn, effects, rows, "effect_id", _ASKED_ANEW, let_again)
    outbox.put(conn, [request], now)
    _end(conn, cut, now)


def _effect_id(each: Intent) -> UUID:
    return each.effect_id


def _end(conn: Connection, cut: CutOff, now: datetime) -> None:
    values = {"status": "IN_DOUBT", "worker": None, "lease_until": None, "alone": False}
    ours = (runs.c.thread_id == cut.thread_id, runs.c.token == cut.token, runs.c.status == word("RUNNING"))
    told = {"error": storable(cut.known), "updated_at": now}
    if conn.execute(update(runs).where(*ours).values(**values, **told)).rowcount != 1:
        raise FenceLostError(cut.thread_id, cut.token)


def _row(cut: CutOff, each: Intent, doubt_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "effect_id": each.effect_id,
        "plan_id": cut.plan_id,
        "digest": cut.digest,
        "step_id": each.step.step_id,
        "step_digest": each.step_digest,
        "action_type": each.step.action_type,
        "thread_id": cut.thread_id,
        "token": cut.token,
        "executor": storable(cut.executor),
        "state": "IN_DOUBT",
        "window_key": storable(each.window_key) if each.window_key else None,
        "attempts": 0,
        "detail": storable(cut.known),
        "result": None,
        "claimed_at": now,
        "finished_at": None,
        "doubt_id": doubt_id,
    }
