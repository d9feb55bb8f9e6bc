"""One typed, frozen record for each contract in `schemas/`. A test holds both equal."""

from collections import Counter
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from gate_events.order import refuse_unknown_order
from gate_events.values import (
    Agent,
    Count,
    Digest,
    InDoubt,
    Moment,
    Name,
    Review,
    RunIdentity,
    Step,
    Stored,
    Text,
    Value,
)
from gate_events.words import (
    DeciderKind,
    DecisionKind,
    GateState,
    Level,
    OutcomeStatus,
    RequestKind,
    Resolution,
    StepStatus,
    Tier,
    Timing,
)

Steps = Annotated[tuple[Step, ...], Meta(max_length=10_000)]  # none: an agent with nothing to do


class Record(Protocol):
    """What every record has: an id that a redelivery repeats."""

    @property
    def event_id(self) -> UUID:
        """The CloudEvents id."""


class _Planned(Value, frozen=True, kw_only=True):
    """A record with steps: their ids are distinct, since the effect ledger tells steps apart by them."""

    def __post_init__(self) -> None:
        steps: tuple[Step, ...] = getattr(self, "steps", None) or ()
        ids = [step.step_id for step in steps]
        if len(set(ids)) != len(ids):
            twice = Counter(ids).most_common(1)[0][0]
            raise ValueError(f"step_id {twice!r} stands twice in the plan; give each step its own")
        refuse_unknown_order(steps)


class PlanProposed(_Planned, frozen=True, kw_only=True):
    """An agent says what it wants to do, before it does it."""

    event_id: UUID
    plan_id: UUID
    revision: Count = 1
    proposed_at: Moment
    proposer: Name
    agent: Agent
    goal: Text = ""
    steps: Steps
    run: RunIdentity | None = None
    signature: Text | None = None


class PlanCleared(_Planned, frozen=True, kw_only=True):
    """The router lets a plan run without asking first; `review` is for afterwards."""

    event_id: UUID
    plan_id: UUID
    revision: Count
    digest: Digest
    cleared_at: Moment
    tier: Tier
    level: Level
    policy: Digest
    proposer: Name
    agent: Agent
    goal: Text
    steps: Steps
    run: RunIdentity | None = None
    review: Review | None = None
    attempt: Count = 1
    evidence: Any = None
    signature: Text | None = None


class ApprovalRequested(_Planned, frozen=True, kw_only=True):
    """A human is asked; opens the gate `request_id`."""

    event_id: UUID
    request_id: UUID
    kind: RequestKind
    timing: Timing
    attempt: Count = 1
    plan_id: UUID
    revision: Count
    digest: Digest
    requested_at: Moment
    tier: Tier
    level: Level
    policy: Digest
    proposer: Name
    agent: Agent
    goal: Text
    steps: Steps
    run: RunIdentity | None = None
    review: Review
    in_doubt: InDoubt | None = None
    evidence: Any = None
    review_digest: Digest | None = None
    signature: Text | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, word in (("kind", self.kind), ("timing", self.timing)):
            if word.value == "UNKNOWN":
                raise ValueError(f"{name} UNKNOWN: a gate of it cannot be opened; upgrade this worker first")


class DecisionMade(_Planned, frozen=True, kw_only=True):
    """Someone, or the clock, says something about a gate."""

    event_id: UUID
    request_id: UUID
    plan_id: UUID
    revision: Count
    digest: Digest
    kind: DecisionKind
    decided_at: Moment
    decided_by: Name
    decider: DeciderKind
    note: Text = ""
    reason_code: Stored | None = None
    steps: Steps | None = None  # EDIT: the plan as it shall run
    step_ids: tuple[Stored, ...] = ()  # UNDO: which steps; empty is all
    resolution: Resolution | None = None  # RESOLVE
    review_digest: Digest | None = None
    seen_at: Moment | None = None
    patch: Any = None
    rejected_step_ids: tuple[Stored, ...] = ()
    on_behalf_of: Name | None = None
    signature: Text | None = None


class PlanDecided(_Planned, frozen=True, kw_only=True):
    """The gate's final word. Only `execute` allows to act, and only until `use_by`."""

    event_id: UUID
    request_id: UUID
    decision_id: UUID
    kind: RequestKind
    timing: Timing
    plan_id: UUID
    revision: Count
    digest: Digest
    state: GateState
    execute: bool
    steps: Steps
    run: RunIdentity | None = None
    decided_by: Name
    decided_at: Moment
    note: Text
    use_by: Moment | None = None
    resolution: Resolution | None = None
    policy: Digest | None = None
    attempt: Count = 1
    review_digest: Digest | None = None
    seen_at: Moment | None = None
    signature: Text | None = None


class StepResult(Value, frozen=True, kw_only=True):
    """What became of one step."""

    step_id: Name
    status: StepStatus
    detail: Text = ""
    result: Any = None
    finished_at: Moment


class PlanExecuted(Value, frozen=True, kw_only=True):
    """What became of a plan, a result per step."""

    event_id: UUID
    plan_id: UUID
    revision: Count
    digest: Digest
    executed_at: Moment
    executor: Name
    status: OutcomeStatus
    results: tuple[StepResult, ...]
    run: RunIdentity | None = None
    attempt: Count = 1
    signature: Text | None = None


class IncidentReported(Value, frozen=True, kw_only=True):
    """Something that ran turned out wrong."""

    event_id: UUID
    plan_id: UUID
    step_ids: tuple[Stored, ...] = ()
    reported_at: Moment
    reported_by: Name
    harm: bool = False
    description: Text
    kind: Text | None = None
    signature: Text | None = None


class AutonomyChanged(Value, frozen=True, kw_only=True):
    """An action type of one agent version moved to another level."""

    event_id: UUID
    action_type: Name
    fingerprint: Digest
    previous_level: Level
    level: Level
    changed_at: Moment
    changed_by: Name
    reason: Text
    evidence: Any = None
    signature: Text | None = None


class PolicyKept(Value, frozen=True, kw_only=True):
    """A catalogue by its digest, so that a judgement can be judged again."""

    event_id: UUID
    digest: Digest
    text: Stored
    first_seen: Moment
    by: Name
    signature: Text | None = None


class StopChanged(Value, frozen=True, kw_only=True):
    """A stop begins, or ends: then it names who ended it and when, beside all that was said before."""

    event_id: UUID
    stop_id: UUID
    action_type: Name | None = None  # None: everything
    by: Name
    note: Text
    at: Moment
    ended_by: Name | None = None
    ended_note: Text = ""
    ended_at: Moment | None = None
    signature: Text | None = None


class DeadLetter(Value, frozen=True, kw_only=True):
    """The headers beside a record's original bytes on `dead-letters`."""

    event_id: UUID
    app: Name
    topic: Name
    partition: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    error: Text
    failed_at: Moment


def _make_ready() -> None:
    """Let msgspec learn the records now: where two threads come first to one together, it crashes."""
    for kind in tuple(globals().values()):
        if isinstance(kind, type) and issubclass(kind, Value):
            msgspec.json.Decoder(kind)


_make_ready()
