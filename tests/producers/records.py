"""What a reviewer's side would have been sent."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec.structs import replace

from gate_events.digest import plan_digest
from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided
from gate_events.values import Agent, Review, RunIdentity, Step, Terms
from gate_events.words import DecisionKind, GateState, Level, RequestKind, Tier, Timing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STEPS = (
    Step(step_id="s1", action_type="send_email", arguments={"to": "ann"}),
    Step(step_id="s2", action_type="send_email", arguments={"to": "bob"}),
)


def requested(steps: tuple[Step, ...] = STEPS) -> ApprovalRequested:
    plan_id = uuid4()
    allowed = (DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT)
    return ApprovalRequested(
        event_id=uuid4(),
        request_id=uuid4(),
        kind=RequestKind.PLAN,
        timing=Timing.BEFORE,
        plan_id=plan_id,
        revision=1,
        digest=plan_digest(plan_id, 1, steps, None),
        requested_at=NOW,
        tier=Tier.IRREVERSIBLE,
        level=Level.L0,
        policy="a" * 64,
        proposer="billing",
        agent=Agent(name="billing"),
        goal="remind",
        steps=steps,
        review=Review(
            groups=(), terms=Terms(deadline=NOW + timedelta(hours=1), use_by_s=3600, allowed=allowed)
        ),
    )


def cleared(steps: tuple[Step, ...] = STEPS, run: RunIdentity | None = None) -> PlanCleared:
    plan_id = uuid4()
    return PlanCleared(
        event_id=uuid4(),
        plan_id=plan_id,
        revision=1,
        digest=plan_digest(plan_id, 1, steps, run),
        cleared_at=NOW,
        tier=Tier.REVERSIBLE,
        level=Level.L0,
        policy="a" * 64,
        proposer="billing",
        agent=Agent(name="billing"),
        goal="remind",
        steps=steps,
        run=run,
    )


def revised(plan: PlanCleared) -> PlanCleared:
    """The next revision of a plan, with another step."""
    steps = (Step(step_id="s9", action_type="send_email", arguments={"to": "eve"}),)
    revision = plan.revision + 1
    digest = plan_digest(plan.plan_id, revision, steps, None)
    return replace(plan, event_id=uuid4(), revision=revision, steps=steps, digest=digest)


def question_about(plan: PlanCleared) -> ApprovalRequested:
    """A human is asked about what a router cleared."""
    now = datetime.now(UTC)
    terms = Terms(deadline=now + timedelta(hours=1), use_by_s=60, allowed=(DecisionKind.APPROVE,))
    return ApprovalRequested(
        event_id=plan.event_id,
        request_id=plan.event_id,
        kind=RequestKind.PLAN,
        timing=Timing.BEFORE,
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=plan.digest,
        requested_at=now,
        tier=Tier.IRREVERSIBLE,
        level=Level.L0,
        policy=plan.policy,
        proposer=plan.proposer,
        agent=plan.agent,
        goal="",
        steps=plan.steps,
        review=Review(groups=(), terms=terms),
    )


def decided(
    state: GateState = GateState.APPROVED,
    *,
    plan_id: UUID | None = None,
    use_by: datetime | None = None,
    timing: Timing = Timing.BEFORE,
    run: RunIdentity | None = None,
    steps: tuple[Step, ...] = STEPS,
) -> PlanDecided:
    plan_id = plan_id or uuid4()
    return PlanDecided(
        event_id=uuid4(),
        request_id=uuid4(),
        decision_id=uuid4(),
        kind=RequestKind.PLAN,
        timing=timing,
        plan_id=plan_id,
        revision=1,
        digest=plan_digest(plan_id, 1, steps, run),
        state=state,
        execute=state is GateState.APPROVED and timing is Timing.BEFORE,
        steps=steps,
        run=run,
        decided_by="ann",
        decided_at=NOW,
        note="fine",
        use_by=use_by,
    )
