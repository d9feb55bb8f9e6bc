"""The rules of one decision on one gate. Pure: no database, no clock."""

from typing import assert_never

from gate_events.names import name_key
from gate_events.records import DecisionMade
from gate_events.words import DecisionKind, GateState, Resolution
from gate_store.dispositions import Fate
from gate_store.objections import OBJECTIONS
from gate_store.renderings import with_what_was_seen
from gate_store.rulings import GateView, Ruling, refused


def rule(gate: GateView, decision: DecisionMade) -> Ruling:
    """Rule on a decision. An EDIT ruled DECIDED still has to be tiered again."""
    for objection in OBJECTIONS:
        if ruling := objection(gate, decision):
            return ruling
    if decision.kind in (DecisionKind.APPROVE, DecisionKind.CONFIRM):
        return _voice(gate, decision)
    return _decided(decision)


def _state_after(decision: DecisionMade) -> GateState:
    match decision.kind:
        case DecisionKind.APPROVE | DecisionKind.CONFIRM | DecisionKind.EDIT:
            state = GateState.APPROVED
        case DecisionKind.REJECT | DecisionKind.UNDO:
            state = GateState.REJECTED
        case DecisionKind.RESPOND:
            state = GateState.RESPONDED
        case DecisionKind.WITHDRAW:
            state = GateState.WITHDRAWN
        case DecisionKind.EXPIRE:
            state = GateState.EXPIRED
        case DecisionKind.SUPERSEDE:
            state = GateState.SUPERSEDED
        case DecisionKind.RESOLVE:
            state = _resolved(decision.resolution)
        case (
            DecisionKind.ABSTAIN
            | DecisionKind.CLAIM
            | DecisionKind.RELEASE
            | DecisionKind.ASSIGN
            | DecisionKind.SNOOZE
            | DecisionKind.ADD_REVIEWER
            | DecisionKind.BREAK_GLASS
            | DecisionKind.GRANT
            | DecisionKind.REVOKE
            | DecisionKind.UNKNOWN
        ):
            raise AssertionError(f"no objection to {decision.kind.value}")
        case _:
            assert_never(decision.kind)
    return state


def _resolved(resolution: Resolution | None) -> GateState:
    match resolution:
        case Resolution.HAPPENED | Resolution.RETRY:
            return GateState.APPROVED
        case Resolution.ABANDON:
            return GateState.REJECTED
        case None | Resolution.UNKNOWN:
            raise AssertionError("_is_complete lets no RESOLVE without a known resolution pass")
    assert_never(resolution)


def _voice(gate: GateView, decision: DecisionMade) -> Ruling:
    """One voice for the plan: the last of a quorum of distinct people decides."""
    quorum = gate.request.review.terms.quorum
    if name_key(decision.decided_by) in gate.approved_by:
        return refused(f"{decision.decided_by} has approved already; a quorum counts distinct people")
    voices = len(gate.approved_by) + 1
    if voices < quorum:
        return Ruling(Fate.COUNTED, with_what_was_seen(f"{voices} of {quorum} approvals", decision))
    return _decided(decision)


def _decided(decision: DecisionMade) -> Ruling:
    state = _state_after(decision)
    return Ruling(Fate.DECIDED, f"closed the gate: {state.value}", state)
