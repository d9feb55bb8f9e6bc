"""One batch of records as one SQL transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_keys
from gate_store.clearances import record_cleared
from gate_store.decisions import apply_decisions
from gate_store.dispositions import Disposition, Fate
from gate_store.gates import open_gates
from gate_store.outcomes import record_outcomes
from gate_store.said import TOLERANCE, Said, said
from stream_apps.gatekeeper.edits import retier
from stream_apps.gatekeeper.undo import undo_plan

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit may have brought about."""

    ready: bool  # runs became READY
    said: bool  # rows are in the outbox
    refused: Mapping[UUID, str]  # by event_id: what nothing could be made of, and why
    dead_letters: Mapping[int, str]  # by place in the batch: what may not be recorded, and why


def commit_batch(
    conn: Connection,
    records: Sequence[Any],
    catalogue: Catalogue,
    now: datetime,
    appended: Sequence[datetime | None] | None = None,
    tolerance: timedelta = TOLERANCE,
) -> Committed:
    """Apply records, each type in the order of its log: what opens gates stands before what decides them.

    Outcomes come before decisions too, since an UNDO reads what its plan did. `appended` holds the broker's
    moment of each record, None where it keeps none; a decision dated more than `tolerance` off is refused.
    """
    cleared, requests = _only(records, PlanCleared), _only(records, ApprovalRequested)
    outcomes = _only(records, PlanExecuted)
    moments = appended or [None] * len(records)
    decisions = {
        place: said(record, now, moment, tolerance)
        for place, (record, moment) in enumerate(zip(records, moments, strict=True))
        if type(record) is DecisionMade
    }
    keys = partial(window_keys, catalogue=catalogue)
    refused = record_cleared(conn, cleared, now, keys)
    waited = open_gates(conn, requests, now)
    record_outcomes(conn, outcomes, now, keys)
    became = decide(conn, [*waited, *decisions.values()], catalogue, now)[len(waited) :]
    dead = {
        place: each.why
        for place, each in zip(decisions, became, strict=True)
        if each.fate is Fate.DEAD_LETTER
    }
    ready, speaks = bool(cleared or waited or decisions), bool(requests or decisions or outcomes)
    return Committed(ready=ready, said=speaks, refused=refused, dead_letters=dead)


def decide(
    conn: Connection, decisions: Sequence[Said], catalogue: Catalogue, now: datetime
) -> list[Disposition]:
    """Apply decisions by this catalogue; what became of each."""
    undo = partial(undo_plan, catalogue=catalogue)
    return apply_decisions(conn, decisions, now, partial(retier, catalogue=catalogue), undo)


def window_keys(steps: Sequence[Step], *, catalogue: Catalogue) -> Mapping[str, str]:
    """The effect keys of steps that services carried out: later plans are checked against them."""
    return {effect.step_id: effect.key for effect in effect_keys(steps, catalogue)}


def _only(records: Iterable[Any], kind: type[R]) -> list[R]:
    return [record for record in records if type(record) is kind]
