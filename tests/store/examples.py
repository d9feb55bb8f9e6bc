"""Records for the store's tests: a small plan, its question, decisions about it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from gate_events.digest import plan_digest, review_digest
from gate_events.ids import derived, request_id
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanExecuted,
    PlanProposed,
    StepResult,
)
from gate_events.values import Agent, Group, InDoubt, Review, RunIdentity, Step, Terms
from gate_events.words import (
    DeciderKind,
    DecisionKind,
    Level,
    OutcomeStatus,
    PauseKind,
    RequestKind,
    StepStatus,
    Tier,
    Timing,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGENT = Agent(name="biller")
STEPS = (
    Step(step_id="s1", action_type="email.send", arguments={"to": "a@example.org"}),
    Step(step_id="s2", action_type="email.send", arguments={"to": "b@example.org"}),
)
BEFORE = (DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT, DecisionKind.RESPOND)
AFTER = (DecisionKind.CONFIRM, DecisionKind.UNDO)


def plan_id(name: object = "plan") -> UUID:
    return derived("test", name)


def run(thread: str = "t1", checkpoint: str = "c1") -> RunIdentity:
    return RunIdentity(
        graph="billing",
        graph_version="v1",
        thread_id=thread,
        checkpoint_id=checkpoint,
        kind=PauseKind.DYNAMIC,
        interrupt_id=f"i-{checkpoint}",
    )


def terms(**changes: Any) -> Terms:
    return Terms(**{"deadline": NOON + HOUR, "use_by_s": 3600, "allowed": BEFORE, **changes})


def review(**changes: Any) -> Review:
    return Review(
        groups=(Group(text="Send 2 emails", tier=Tier.IRREVERSIBLE, step_ids=("s1", "s2")),),
        terms=terms(**changes),
    )


def asked(
    plan: UUID | None = None,
    *,
    revision: int = 1,
    steps: tuple[Step, ...] = STEPS,
    run: RunIdentity | None = None,
    kind: RequestKind = RequestKind.PLAN,
    timing: Timing = Timing.BEFORE,
    in_doubt: str | None = None,
    attempt: int = 1,
    requested_at: datetime = NOON,
    **changes: Any,
) -> ApprovalRequested:
    """An approval request; `changes` are to its terms."""
    plan = plan or plan_id()
    gate = request_id(plan, revision, kind, timing, in_doubt or "", attempt)
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        kind=kind,
        timing=timing,
        attempt=attempt,
        plan_id=plan,
        revision=revision,
        digest=plan_digest(plan, revision, steps, run),
        requested_at=requested_at,
        tier=Tier.IRREVERSIBLE,
        level=Level.L0,
        policy="0" * 64,
        proposer="billing-service",
        agent=AGENT,
        goal="remind",
        steps=steps,
        run=run,
        review=review(**changes),
        in_doubt=InDoubt(step_id=in_doubt, known="it was begun") if in_doubt else None,
    )


def asked_afterwards(plan: UUID | None = None, **changes: Any) -> ApprovalRequested:
    return asked(plan, timing=Timing.AFTER, **{"allowed": AFTER, **changes})


def asked_in_doubt(plan: UUID | None = None, step_id: str = "s1", **changes: Any) -> ApprovalRequested:
    changes = {"allowed": (DecisionKind.RESOLVE,), **changes}
    return asked(plan, kind=RequestKind.IN_DOUBT, in_doubt=step_id, **changes)


def decided(
    request: ApprovalRequested,
    kind: DecisionKind = DecisionKind.APPROVE,
    by: str = "ada",
    *,
    at: datetime = NOON + timedelta(minutes=5),
    name: object = "",
    **changes: Any,
) -> DecisionMade:
    fields: dict[str, Any] = {
        "event_id": derived("decision", request.request_id, kind, by, name),
        "request_id": request.request_id,
        "plan_id": request.plan_id,
        "revision": request.revision,
        "digest": request.digest,
        "kind": kind,
        "decided_at": at,
        "decided_by": by,
        "decider": DeciderKind.PERSON,
        "review_digest": None if kind is DecisionKind.EDIT else review_digest(request.review),
        **changes,
    }
    return DecisionMade(**fields)


def cleared(
    plan: UUID | None = None,
    *,
    steps: tuple[Step, ...] = STEPS,
    run: RunIdentity | None = None,
    review: Review | None = None,
) -> PlanCleared:
    plan = plan or plan_id()
    return PlanCleared(
        event_id=derived("cleared", plan, 1),
        plan_id=plan,
        revision=1,
        digest=plan_digest(plan, 1, steps, run),
        cleared_at=NOON,
        tier=Tier.REVERSIBLE,
        level=Level.L0,
        policy="0" * 64,
        proposer="billing-service",
        agent=AGENT,
        goal="remind",
        steps=steps,
        run=run,
        review=review,
    )


def executed(
    plan: PlanCleared | ApprovalRequested,
    status: OutcomeStatus = OutcomeStatus.DONE,
    step: StepStatus = StepStatus.SUCCEEDED,
    at: datetime = NOON + timedelta(minutes=10),
) -> PlanExecuted:
    return PlanExecuted(
        event_id=derived("outcome", plan.plan_id, plan.digest),
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=plan.digest,
        executed_at=at,
        executor="mailer",
        status=status,
        results=tuple(StepResult(step_id=one.step_id, status=step, finished_at=at) for one in plan.steps),
        run=plan.run,
    )


def proposed(plan: UUID | None = None, run: RunIdentity | None = None) -> PlanProposed:
    plan = plan or plan_id()
    return PlanProposed(
        event_id=derived("proposed", plan),
        plan_id=plan,
        proposed_at=NOON,
        proposer="billing-service",
        agent=AGENT,
        steps=STEPS,
        run=run,
    )
