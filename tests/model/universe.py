"""The small world that the model plays in: few names, so that things meet; good records unless said."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from gate_events.digest import plan_digest
from gate_events.ids import derived, plan_id_of_pause, request_id
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, PlanProposed
from gate_events.values import RunIdentity, Step
from gate_events.words import DeciderKind, DecisionKind, RequestKind, Timing
from gate_store.verdicts import AsEdited
from tests.store.acting import compensated
from tests.store.examples import AFTER, HOUR, asked, cleared, plan_id, review, run

K = DecisionKind
PROPOSER = "billing-service"
PEOPLE = ("ada", "bob", "cas")
SPEAKERS = {
    "ada": DeciderKind.PERSON,
    "bob": DeciderKind.PERSON,
    "cas": DeciderKind.PERSON,
    "robot": DeciderKind.SERVICE,
    PROPOSER: DeciderKind.PROPOSER,
    "clock": DeciderKind.CLOCK,
    "gate": DeciderKind.GATE,
}
REVIEWERS: tuple[tuple[str, ...], ...] = ((), ("ada", "bob", "robot"))
ALLOWED = (K.APPROVE, K.EDIT, K.REJECT, K.RESPOND, K.WITHDRAW)
SECOND = timedelta(seconds=1)
LEASE_S = 60.0
PATIENCE = 2 * 24 * HOUR


def step(name: str, to: str, action: str = "email.send") -> Step:
    return Step(step_id=name, action_type=action, arguments={"to": to})


STEPS = (
    (step("s1", "a"), step("s2", "b")),
    (step("s1", "c"), step("s2", "b")),
    (step("s1", "a"),),
    (step("s1", "a"), step("s2", "b", "pay")),  # an edit to this needs a stricter gate
    (step("s1", "a"), step("s2", "b", "wipe")),  # an edit to this is refused
)


@dataclass(frozen=True)
class Terms:
    """What the router drew for a plan."""

    quorum: int = 1
    reviewers: tuple[str, ...] = ()
    use_by_s: int = 1800


def pause_of(thread: str, number: int) -> RunIdentity:
    """A thread's nth pause: its checkpoint ids grow, as LangGraph's do."""
    return run(thread, f"c{number:03}")


def plan_of(pause: RunIdentity | None, name: int) -> UUID:
    return plan_id_of_pause(pause) if pause else plan_id(f"p{name}")


def ask_before(
    plan: UUID, pause: RunIdentity | None, revision: int, steps: tuple[Step, ...], terms: Terms, now: datetime
) -> ApprovalRequested:
    return asked(
        plan,
        revision=revision,
        steps=steps,
        run=pause,
        requested_at=now,
        deadline=now + HOUR,
        allowed=ALLOWED,
        quorum=terms.quorum,
        reviewers=terms.reviewers,
        use_by_s=terms.use_by_s,
    )


def clear(
    plan: UUID, pause: RunIdentity | None, revision: int, steps: tuple[Step, ...], now: datetime
) -> PlanCleared:
    """Cleared by the router, with a review afterwards."""
    word = cleared(plan, steps=steps, run=pause, review=review(deadline=now + HOUR, allowed=AFTER))
    return msgspec.structs.replace(
        word,
        event_id=derived("cleared", plan, revision),
        revision=revision,
        digest=plan_digest(plan, revision, steps, pause),
        cleared_at=now,
    )


def proposed(pause: RunIdentity, now: datetime) -> PlanProposed:
    plan = compensated(asked(plan_of(pause, 0)), msgspec.UNSET, None)  # type: ignore[arg-type]  # it reads the request alone
    return msgspec.structs.replace(
        plan, event_id=derived("proposed", plan_of(pause, 0)), plan_id=plan_of(pause, 0), run=pause
    )


def retier(request: ApprovalRequested, edit: DecisionMade) -> ApprovalRequested | AsEdited | str:
    """`wipe` is never approved; `pay` needs a gate of its own unless this one was about it."""
    actions = {one.action_type for one in edit.steps or ()}
    if "wipe" in actions:
        return "nobody may wipe"
    if "pay" not in actions or any(one.action_type == "pay" for one in request.steps):
        return AsEdited(request.policy)
    revision = request.revision + 1
    gate = request_id(request.plan_id, revision, RequestKind.PLAN, Timing.BEFORE)
    terms = msgspec.structs.replace(request.review.terms, deadline=edit.decided_at + HOUR)
    return msgspec.structs.replace(
        request,
        event_id=derived("requested", gate),
        request_id=gate,
        revision=revision,
        digest=plan_digest(request.plan_id, revision, edit.steps or (), request.run),
        steps=edit.steps or (),
        attempt=1,
        requested_at=edit.decided_at,
        review=msgspec.structs.replace(request.review, terms=terms),
    )


def undo(request: ApprovalRequested, said: DecisionMade, outcome: PlanExecuted | None) -> PlanProposed | str:
    """As the gatekeeper: nothing is taken back before it is known what was done."""
    return compensated(request, said, outcome) if outcome else "nothing is known yet"


def answers_to(request: ApprovalRequested) -> tuple[DecisionKind, ...]:
    """What a sensible reviewer may say."""
    return request.review.terms.allowed


def spoken(
    request: ApprovalRequested, kind: DecisionKind, by: str, at: datetime, **more: Any
) -> DecisionMade:
    """A decision; the same one said again is the same record."""
    return DecisionMade(
        event_id=derived("said", request.request_id, kind, by, at, sorted(more.items(), key=str)),
        **{
            "request_id": request.request_id,
            "plan_id": request.plan_id,
            "revision": request.revision,
            "digest": request.digest,
            "kind": kind,
            "decided_at": at,
            "decided_by": by,
            "decider": SPEAKERS[by],
            **more,
        },
    )
