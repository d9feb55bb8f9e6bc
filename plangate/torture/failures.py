"""Why a run may have failed: an effect of its plan did, or a human let it go on no more."""

from uuid import UUID

from gate_events.records import ApprovalRequested, PlanDecided
from gate_events.words import GateState, RequestKind, Resolution, Timing
from plangate.torture.evidence import Evidence
from plangate.torture.rows import RunRow

_GONE_ON = "the graph had gone on with an earlier answer"  # as `stream_apps.resumer.opening` says it


def may_have_failed(run: RunRow, evidence: Evidence) -> bool:
    """Whether the witness or a verdict tells why this run ended so."""
    plan_id = run.plan_id
    if plan_id is None:
        return False
    return _an_effect_failed(plan_id, evidence) or any(
        look(verdict, run, evidence)
        for verdict in evidence.verdicts
        if verdict.plan_id == plan_id
        for look in (_was_abandoned, _rest_was_refused, _rest_was_edited)
    )


def _an_effect_failed(plan_id: UUID, evidence: Evidence) -> bool:
    """One of the plan that the run was at; an edit leaves the labels."""
    labels = {
        step.arguments["label"]
        for plan in evidence.proposed
        if plan.plan_id == plan_id
        for step in plan.steps
    }
    return any(call["label"] in labels and call["manner"] in {"fails", "hangs"} for call in evidence.calls)


def _was_abandoned(verdict: PlanDecided, run: RunRow, evidence: Evidence) -> bool:
    """A human gave up a step of it."""
    del run, evidence
    return verdict.kind is RequestKind.IN_DOUBT and verdict.resolution is Resolution.ABANDON


def _rest_was_refused(verdict: PlanDecided, run: RunRow, evidence: Evidence) -> bool:
    """It was asked about again, half done, and nothing more was let be done: the graph cannot hear that."""
    refused = verdict.state in (GateState.REJECTED, GateState.RESPONDED)
    return refused and _asked_again(verdict, evidence) is not None and _GONE_ON in run.error


def _rest_was_edited(verdict: PlanDecided, run: RunRow, evidence: Evidence) -> bool:
    """It was asked about again, half done, and something else was let be done: the graph cannot hear that."""
    again = _asked_again(verdict, evidence)
    return again is not None and verdict.execute and verdict.digest != again.digest and _GONE_ON in run.error


def _asked_again(verdict: PlanDecided, evidence: Evidence) -> ApprovalRequested | None:
    """The question of that verdict, where it was not the first about the plan."""
    asked = (verdict.kind, verdict.timing) == (RequestKind.PLAN, Timing.BEFORE)
    found = (each for each in evidence.requests if each.request_id == verdict.request_id and each.attempt > 1)
    return next(found, None) if asked else None
