"""The question that an effect in doubt raises. Pure; the resumer and the ledger of services share it."""

from datetime import datetime, timedelta

from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import Group, InDoubt, Review, Step, Terms
from gate_events.words import DecisionKind, RequestKind, Timing
from gate_store.plain_text import storable

PATIENCE = timedelta(days=7)  # then it is asked again, for ever: nothing else may settle it


def in_doubt_request(
    origin: ApprovalRequested | PlanCleared,
    *,
    step: Step,
    known: str,
    now: datetime,
    attempt: int = 1,
    revision: int | None = None,
    digest: str | None = None,
    steps: tuple[Step, ...] | None = None,
) -> ApprovalRequested:
    """Ask whether the effect of `step` happened. `origin` is what its plan was asked or cleared with.

    `known` says in plain English what is known. `attempt` is the effect's own, so that each doubt is a new
    gate. After an edit, `revision`, `digest` and `steps` are those of the verdict.
    """
    plan_id, kind, timing = origin.plan_id, RequestKind.IN_DOUBT, Timing.AFTER
    revision, known = revision or origin.revision, storable(known)
    gate = request_id(plan_id, revision, kind, timing, step.step_id, attempt)
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        kind=kind,
        timing=timing,
        attempt=attempt,
        plan_id=plan_id,
        revision=revision,
        digest=digest or origin.digest,
        requested_at=now,
        tier=origin.tier,
        level=origin.level,
        policy=origin.policy,
        proposer=origin.proposer,
        agent=origin.agent,
        goal=origin.goal,
        steps=steps or origin.steps,
        run=origin.run,
        review=_review(origin, step, known, now),
        in_doubt=InDoubt(step_id=step.step_id, known=known),
    )


def _review(origin: ApprovalRequested | PlanCleared, step: Step, known: str, now: datetime) -> Review:
    asked = origin.review.terms.reviewers if origin.review else ()
    question = (
        f"Step {step.step_id} ({step.action_type}) may or may not have happened: {known}."
        " Look where it would show. HAPPENED: it counts as done. RETRY: it is done again."
        " ABANDON: it counts as failed."
    )
    return Review(
        groups=(Group(text=question, tier=origin.tier, step_ids=(step.step_id,)),),
        terms=Terms(reviewers=asked, deadline=now + PATIENCE, use_by_s=0, allowed=(DecisionKind.RESOLVE,)),
    )
