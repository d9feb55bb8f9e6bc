"""One batch of records as one SQL transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from gate_events.digest import plan_digest
from gate_events.records import DecisionMade, PlanExecuted
from gate_events.words import DecisionKind
from gate_policy.catalogue import Catalogue
from gate_store.decisions import apply_decisions
from gate_store.dispositions import Disposition, Fate
from gate_store.outcomes import record_outcomes
from gate_store.planned_effects import PlannedEffect, note_planned_effects
from gate_store.refused import note_refused
from gate_store.said import TOLERANCE, Said, said
from gate_store.taken_at_once import refuse_too_much
from stream_apps.gatekeeper.edits import retier
from stream_apps.gatekeeper.queue import ask_what_is_decided
from stream_apps.gatekeeper.take_claims import take_claims, take_waiting
from stream_apps.gatekeeper.turns import take_turn
from stream_apps.gatekeeper.undo import undo_plan
from stream_apps.gatekeeper.window_keys import planned_effects, window_keys

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit may have brought about."""

    ready: bool  # runs became READY
    said: bool  # rows are in the outbox
    refused: Mapping[int, str]  # by place in the batch: what does not count, and why
    decided: Sequence[tuple[DecisionKind, Disposition]]  # each decision that was looked at


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
    Raises TooMuchAtOnceError where more waits for several records than is taken at once.
    """
    opening = take_turn(conn, records)
    if len(records) > 1:
        refuse_too_much(conn, {record.plan_id for record in records}, opening)
    outcomes = {place: record for place, record in enumerate(records) if type(record) is PlanExecuted}
    moments = appended or [None] * len(records)
    decisions = {
        place: said(record, now, moment, tolerance)
        for place, (record, moment) in enumerate(zip(records, moments, strict=True))
        if type(record) is DecisionMade
    }
    taken = take_claims(conn, records, catalogue, now, moments)
    keys = partial(window_keys, catalogue=catalogue)
    untold = record_outcomes(conn, list(outcomes.values()), now, keys, [moments[place] for place in outcomes])
    asked_now = ask_what_is_decided(conn, list(decisions.values()), catalogue, now)
    waited = [*taken.waited, *asked_now.waited]
    heard = [*waited, *decisions.values()]
    all_became = decide(conn, heard, catalogue, now)
    became = all_became[len(waited) :]
    later = _take_what_waited_for_edits(conn, heard, catalogue, now)
    dead = {
        place: each.why
        for place, each in zip(decisions, became, strict=True)
        if each.fate is Fate.DEAD_LETTER
    }
    dead |= {place: untold[nth] for nth, place in enumerate(outcomes) if nth in untold}
    refused = taken.refused | dead
    if refused:
        note_refused(conn, [(records[place], why) for place, why in refused.items()])
    ready = bool(taken.cleared or waited or decisions)
    said_something = bool(taken.asked or decisions or outcomes)
    return Committed(ready, said_something, refused, [*_by_kind(heard, all_became), *later])


def decide(
    conn: Connection, decisions: Sequence[Said], catalogue: Catalogue, now: datetime
) -> list[Disposition]:
    """Apply decisions by this catalogue; what became of each."""
    undo = partial(undo_plan, catalogue=catalogue)
    became = apply_decisions(conn, decisions, now, partial(retier, catalogue=catalogue), undo)
    edits = [
        each.decision
        for each, what in zip(decisions, became, strict=True)
        if what.fate is Fate.DECIDED and each.decision.kind is DecisionKind.EDIT
    ]
    planned = (each for edit in edits for each in _planned_by_edit(edit, catalogue))
    note_planned_effects(conn, planned, now)
    return became


def _planned_by_edit(edit: DecisionMade, catalogue: Catalogue) -> Iterable[PlannedEffect]:
    """What a service's plan would do as edited; before a run's begins, its resumer looks."""
    steps, revision = edit.steps or (), edit.revision + 1
    digest = plan_digest(edit.plan_id, revision, steps, None)
    return planned_effects(edit.plan_id, digest, steps, catalogue)


def _take_what_waited_for_edits(
    conn: Connection, heard: Sequence[Said], catalogue: Catalogue, now: datetime
) -> list[tuple[DecisionKind, Disposition]]:
    """An edit makes a revision; a claim about the next one may have come first, in a replay."""
    decided: list[tuple[DecisionKind, Disposition]] = []
    while edited := {each.decision.plan_id for each in heard if each.decision.kind is DecisionKind.EDIT}:
        heard = take_waiting(conn, edited, catalogue, now).waited
        decided += _by_kind(heard, decide(conn, heard, catalogue, now))
    return decided


def _by_kind(
    heard: Sequence[Said], became: Sequence[Disposition]
) -> Iterable[tuple[DecisionKind, Disposition]]:
    return ((each.decision.kind, what) for each, what in zip(heard, became, strict=True))
