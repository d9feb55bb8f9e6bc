"""One record of each type, with every optional part present, and small ones for the documentation."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from gate_events import records, values, words

MORNING = datetime(2026, 3, 2, 8, 30, 0, 250_000, tzinfo=UTC)
PLAN = UUID("7d444840-9dc0-11d1-b245-5ffdce74fad2")
EVENT = UUID("6fa459ea-ee8a-3ca4-894e-db77e160355e")
REQUEST = UUID("16fd2706-8baf-433b-82eb-8c7fada847da")
STOP = UUID("0f5e1d2c-3b4a-4958-8776-655443322110")
DIGEST = "ab" * 32
SIGNATURE = "ed25519:AAAA"
EVIDENCE = {"confirmed": 200, "of": 200}

RUN = values.RunIdentity(
    graph="billing",
    graph_version="v1",
    thread_id="inquiry-17",
    checkpoint_ns="child:1",
    checkpoint_id="1f0c",
    kind=words.PauseKind.DYNAMIC,
    interrupt_id="i-1",
    task_ids=("t-1",),
    next_nodes=("execute",),
)
STEPS = (
    values.Step(
        step_id="mail-1",
        action_type="email.send",
        arguments={"to": "eva@example.com", "amount": 12.5, "lines": [1, None, {"ü": "€"}]},
        claimed_tier=words.Tier.IRREVERSIBLE,
    ),
    values.Step(step_id="note", action_type="crm.note", after=("mail-1",)),
)
AGENT = values.Agent(name="biller", model="m-1", prompt_version="p-3", tools="t-9")
REVIEW = values.Review(
    groups=(
        values.Group(text="Send 1 email", tier=words.Tier.IRREVERSIBLE, step_ids=("mail-1",), used=("to",)),
    ),
    findings=(values.Finding(check="repeated", text="got this email today", step_ids=("mail-1",)),),
    reasons=("email.send is tier 3",),
    terms=values.Terms(
        reviewers=("billing-leads",),
        quorum=2,
        deadline=MORNING + timedelta(hours=4),
        use_by_s=3600,
        allowed=(words.DecisionKind.APPROVE, words.DecisionKind.REJECT),
    ),
)
_PLAN: dict[str, Any] = {"event_id": EVENT, "plan_id": PLAN, "revision": 2, "digest": DIGEST}
_JUDGED: dict[str, Any] = {
    "tier": words.Tier.IRREVERSIBLE,
    "level": words.Level.L0,
    "policy": "cd" * 32,
    "proposer": "svc-billing",
    "agent": AGENT,
    "goal": "remind",
    "steps": STEPS,
    "run": RUN,
    "review": REVIEW,
    "evidence": EVIDENCE,
    "signature": SIGNATURE,
}

SAMPLES: tuple[Any, ...] = (
    records.PlanProposed(
        event_id=EVENT,
        plan_id=PLAN,
        revision=2,
        proposed_at=MORNING,
        proposer="svc-billing",
        agent=AGENT,
        goal="remind",
        steps=STEPS,
        run=RUN,
        signature=SIGNATURE,
    ),
    records.PlanCleared(**_PLAN, cleared_at=MORNING, attempt=2, **_JUDGED),
    records.ApprovalRequested(
        **_PLAN,
        request_id=REQUEST,
        kind=words.RequestKind.IN_DOUBT,
        timing=words.Timing.AFTER,
        requested_at=MORNING,
        attempt=2,
        in_doubt=values.InDoubt(step_id="mail-1", known="sent at 08:30, no answer"),
        review_digest=DIGEST,
        **_JUDGED,
    ),
    records.DecisionMade(
        **_PLAN,
        request_id=REQUEST,
        kind=words.DecisionKind.EDIT,
        decided_at=MORNING,
        decided_by="eva",
        decider=words.DeciderKind.PERSON,
        note="only those who have not paid",
        reason_code="too_many",
        steps=STEPS,
        step_ids=("mail-1",),
        resolution=words.Resolution.RETRY,
        review_digest=DIGEST,
        seen_at=MORNING,
        patch=[{"op": "replace", "path": "/amount", "value": 1}],
        rejected_step_ids=("note",),
        on_behalf_of="eva",
        signature=SIGNATURE,
    ),
    records.PlanDecided(
        **_PLAN,
        request_id=REQUEST,
        decision_id=EVENT,
        kind=words.RequestKind.PLAN,
        timing=words.Timing.BEFORE,
        state=words.GateState.APPROVED,
        execute=True,
        steps=STEPS,
        run=RUN,
        decided_by="eva",
        decided_at=MORNING,
        note="go",
        use_by=MORNING + timedelta(hours=1),
        resolution=words.Resolution.RETRY,
        policy=DIGEST,
        attempt=3,
        review_digest=DIGEST,
        seen_at=MORNING,
        signature=SIGNATURE,
    ),
    records.PlanExecuted(
        **_PLAN,
        executed_at=MORNING,
        executor="svc-billing",
        status=words.OutcomeStatus.DONE,
        results=(
            records.StepResult(
                step_id="mail-1",
                status=words.StepStatus.SUCCEEDED,
                detail="250 OK",
                result={"id": 7},
                finished_at=MORNING,
            ),
        ),
        run=RUN,
        attempt=2,
        signature=SIGNATURE,
    ),
    records.IncidentReported(
        event_id=EVENT,
        plan_id=PLAN,
        step_ids=("mail-1",),
        reported_at=MORNING,
        reported_by="eva",
        harm=True,
        description="wrong customer",
        kind="CANARY",
        signature=SIGNATURE,
    ),
    records.AutonomyChanged(
        event_id=EVENT,
        action_type="email.send",
        fingerprint=DIGEST,
        previous_level=words.Level.L0,
        level=words.Level.L1,
        changed_at=MORNING,
        changed_by="scorekeeper",
        reason="200 of 200 confirmed",
        evidence=EVIDENCE,
        signature=SIGNATURE,
    ),
    records.PolicyKept(
        event_id=EVENT,
        digest=DIGEST,
        text="version: 1\n",
        first_seen=MORNING,
        by="ops",
        signature=SIGNATURE,
    ),
    records.StopChanged(
        event_id=EVENT,
        stop_id=STOP,
        action_type="email.send",
        by="eva",
        note="wrong mails",
        at=MORNING,
        ended_by="bob",
        ended_note="the filter is mended",
        ended_at=MORNING + timedelta(hours=1),
        signature=SIGNATURE,
    ),
    records.DeadLetter(
        event_id=EVENT,
        app="router",
        topic="plans",
        partition=3,
        offset=17,
        error="PlanProposed: the record is empty",
        failed_at=MORNING,
    ),
)

SMALL_PLAN = records.PlanProposed(
    event_id=EVENT,
    plan_id=PLAN,
    proposed_at=datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
    proposer="svc-billing",
    agent=values.Agent(name="biller"),
    goal="remind",
    steps=(
        values.Step(
            step_id="mail-1",
            action_type="email.send",
            arguments={"to": "eva@example.com", "amount": 12.5},
        ),
    ),
)
