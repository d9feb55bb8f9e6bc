"""The question that an effect in doubt raises. Pure; the resumer and the ledger of services share it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import assert_never

from gate_events.digest import review_digest
from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.shown import shown
from gate_events.values import Group, InDoubt, Review, Step, Terms
from gate_events.words import DecisionKind, RequestKind, Timing
from gate_store.plain_text import storable

PATIENCE = timedelta(days=7)  # then it is asked again, for ever: nothing else may settle it


class DoubtAbout(Enum):
    """What nobody knows, and so what each answer does."""

    STEP = "a step of a plan that goes on once it is answered"
    STEP_OF_ENDED_RUN = "a step of a run that is over: nothing is done once more, whatever is answered"
    UNGUARDED_PLAN = "all steps of a run's plan, which its graph carried out without the ledger"


_OVER = (
    " Look where it would show, then say: HAPPENED: it counts as done."
    " RETRY or ABANDON: it counts as failed. Its run is over: it is not done again, whatever you say."
)
_UNGUARDED = (
    " Look where each would show, and see that no worker is still at it. Then say:"
    " HAPPENED: all of the plan counts as done, and the run ends there."
    " RETRY: the graph goes on from where it was last saved, and may do once more what it did."
    " ABANDON: all of the plan counts as failed, and the run ends there."
    " Where some steps happened and others did not, say ABANDON and submit the others anew."
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
    about: DoubtAbout = DoubtAbout.STEP,
) -> ApprovalRequested:
    """Ask whether the effect of `step` happened. `origin` is what its plan was asked or cleared with.

    `known` says in plain English what is known. `attempt` is the effect's own, so that each doubt is a new
    gate. After an edit, `revision`, `digest` and `steps` are those of the verdict. A doubt about a whole plan
    names its first step.
    """
    plan_id, kind, timing = origin.plan_id, RequestKind.IN_DOUBT, Timing.AFTER
    revision, known = revision or origin.revision, storable(known)
    gate = request_id(plan_id, revision, kind, timing, step.step_id, attempt)
    doubted = (steps or origin.steps) if about is DoubtAbout.UNGUARDED_PLAN else (step,)
    review = _review(origin, doubted, _question(origin, doubted, known, begun, about), now)
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


def _question(
    origin: ApprovalRequested | PlanCleared,
    doubted: tuple[Step, ...],
    known: str,
    begun: Beginning | None,
    about: DoubtAbout,
) -> str:
    match about:
        case DoubtAbout.STEP:
            return _told(origin, doubted[0], known, begun) + _answers(begun)
        case DoubtAbout.STEP_OF_ENDED_RUN:
            return _told(origin, doubted[0], known, begun) + _OVER
        case DoubtAbout.UNGUARDED_PLAN:
            return _told_of_plan(origin, doubted, known) + _UNGUARDED
    assert_never(about)


def _told_of_plan(origin: ApprovalRequested | PlanCleared, steps: tuple[Step, ...], known: str) -> str:
    groups = origin.review.groups if origin.review else ()
    words = "; ".join(group.text.rstrip(".") for group in groups)
    return (
        f"The steps of this plan ({len(steps)}) may or may not have happened: {known.rstrip('.')}."
        f"{f' The plan is: {words}.' if words else ''}"
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


def _review(
    origin: ApprovalRequested | PlanCleared, doubted: tuple[Step, ...], question: str, now: datetime
) -> Review:
    asked = origin.review.terms.reviewers if origin.review else ()
    step_ids = tuple(step.step_id for step in doubted)
    return Review(
        groups=(Group(text=shown(question), tier=origin.tier, step_ids=step_ids),),
        terms=Terms(reviewers=asked, deadline=now + PATIENCE, use_by_s=0, allowed=(DecisionKind.RESOLVE,)),
    )
