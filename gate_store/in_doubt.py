"""The question that an effect in doubt raises. Pure; the resumer and the ledger of services share it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gate_events.digest import review_digest
from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import Group, InDoubt, Review, Step, Terms
from gate_events.words import DecisionKind, RequestKind, Timing
from gate_store.plain_text import storable

PATIENCE = timedelta(days=7)  # then it is asked again, for ever: nothing else may settle it

_OVER = (
    " Look where it would show, then say: HAPPENED: it counts as done."
    " RETRY or ABANDON: it counts as failed. Its run is over: it is not done again, whatever you say."
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Who began the effect, and when."""

    executor: str
    at: datetime


def in_doubt_request(
    origin: ApprovalRequested | PlanCleared,
    *,
    step: Step,
    known: str,
    now: datetime,
    begun: Beginning | None = None,
    attempt: int = 1,
    revision: int | None = None,
    digest: str | None = None,
    steps: tuple[Step, ...] | None = None,
    run_is_over: bool = False,
) -> ApprovalRequested:
    """Ask whether the effect of `step` happened. `origin` is what its plan was asked or cleared with.

    `known` says in plain English what is known. `attempt` is the effect's own, so that each doubt is a new
    gate. After an edit, `revision`, `digest` and `steps` are those of the verdict. Of a run that is over
    nothing is done once more, whatever is answered.
    """
    plan_id, kind, timing = origin.plan_id, RequestKind.IN_DOUBT, Timing.AFTER
    revision, known = revision or origin.revision, storable(known)
    gate = request_id(plan_id, revision, kind, timing, step.step_id, attempt)
    question = _told(origin, step, known, begun) + (_OVER if run_is_over else _answers(begun))
    review = _review(origin, step, question, now)
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
        review=review,
        review_digest=review_digest(review),
        in_doubt=InDoubt(step_id=step.step_id, known=known),
    )


def _told(origin: ApprovalRequested | PlanCleared, step: Step, known: str, begun: Beginning | None) -> str:
    """What is known."""
    words = _catalogues_words(origin, step)
    when = f" {begun.executor} began it at {begun.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC." if begun else ""
    return (
        f"Step {step.step_id} ({step.action_type}) may or may not have happened: {known.rstrip('.')}."
        f"{f' It is part of: {words}.' if words else ''}{when}"
    )


def _answers(begun: Beginning | None) -> str:
    """What each answer does."""
    who = begun.executor if begun else "its executor"
    return (
        " Look where it would show, then say: HAPPENED: it counts as done, and the plan goes on."
        f" RETRY: it is done once more; see first that it did not happen and that {who} is not still at it."
        " ABANDON: it counts as failed, and is not done again."
    )


def _catalogues_words(origin: ApprovalRequested | PlanCleared, step: Step) -> str:
    groups = origin.review.groups if origin.review else ()
    return next((group.text.rstrip(".") for group in groups if step.step_id in group.step_ids), "")


def _review(origin: ApprovalRequested | PlanCleared, step: Step, question: str, now: datetime) -> Review:
    asked = origin.review.terms.reviewers if origin.review else ()
    return Review(
        groups=(Group(text=question, tier=origin.tier, step_ids=(step.step_id,)),),
        terms=Terms(reviewers=asked, deadline=now + PATIENCE, use_by_s=0, allowed=(DecisionKind.RESOLVE,)),
    )
