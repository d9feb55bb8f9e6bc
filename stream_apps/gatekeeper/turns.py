"""Gatekeepers take turns: all that a batch may lock is locked before it, in the one order of `lock_names`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from gate_events.ids import request_id
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared
from gate_events.words import DecisionKind, RequestKind, Timing
from gate_store.dialects import lock_names
from gate_store.gates import lock_gates
from gate_store.waiting_plans import waiting_revisions
from stream_apps.gatekeeper.own_judgement import gates_anew


def take_turn(conn: Connection, records: Sequence[Any]) -> set[UUID]:
    """Lock the plans and the gates of a batch, and the gates that it may open; returns those.

    Nothing of a plan changes at two gatekeepers at once, so that what they lock later is locked by one.
    Decisions alone lock theirs by themselves, all at once; but a claim may have waited for an edit.
    """
    decisions = [record for record in records if type(record) is DecisionMade]
    edited = {each.plan_id for each in decisions if each.kind is DecisionKind.EDIT}
    if len(decisions) == len(records) and not edited:
        return set()
    plans = {record.plan_id for record in records}
    lock_names(conn, plans)
    claims = [record for record in records if type(record) in (ApprovalRequested, PlanCleared)]
    waiting = waiting_revisions(conn, {claim.plan_id for claim in claims if claim.run is None} | edited)
    revisions = waiting | {(claim.plan_id, claim.revision) for claim in claims}
    opening = {claim.request_id for claim in claims if type(claim) is ApprovalRequested}
    opening |= {request_id(*each, RequestKind.PLAN, Timing.BEFORE) for each in waiting}
    decided = {each.request_id for each in decisions}
    opening |= {gate for each in revisions for gate in gates_anew(*each)}
    lock_names(conn, decided | opening)
    lock_gates(conn, decided, plans)
    return opening
