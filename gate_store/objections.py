"""What can stand against a decision, in the order in which it is asked. Pure."""

from collections.abc import Callable
from typing import assert_never

from gate_events.names import fault_of_name, same_name
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind, GateState, RequestKind, Resolution, Timing
from gate_store.dispositions import Fate
from gate_store.half_done import not_allowed
from gate_store.renderings import was_shown_another
from gate_store.reviewers import is_named, may_decide
from gate_store.rulings import GateView, Ruling, refused


def _belongs(gate: GateView, decision: DecisionMade) -> Ruling | None:
    if decision.plan_id != gate.request.plan_id:
        return refused(f"gate {gate.request.request_id} belongs to plan {gate.request.plan_id}")
    return None


def _finds_it_open(gate: GateView, decision: DecisionMade) -> Ruling | None:  # noqa: ARG001 - one of OBJECTIONS
    match gate.state:
        case GateState.PENDING:
            return None
        case GateState.SUPERSEDED if gate.request.kind is RequestKind.IN_DOUBT:
            return _late("it was known already what became of the step")
        case GateState.SUPERSEDED:
            return _late("a newer revision, plan or question had taken this gate's place")
        case (
            GateState.APPROVED
            | GateState.REJECTED
            | GateState.RESPONDED
            | GateState.EXPIRED
            | GateState.WITHDRAWN
            | GateState.UNKNOWN
        ):
            return _late(f"the gate was closed before: {gate.state.value}")
    assert_never(gate.state)


def _is_asked_still(gate: GateView, decision: DecisionMade) -> Ruling | None:
    if gate.newer is None or decision.kind in (DecisionKind.EXPIRE, DecisionKind.SUPERSEDE):
        return None
    return _late(f"{gate.newer}: look at that one")


def _speaks_of_what_is_asked(gate: GateView, decision: DecisionMade) -> Ruling | None:
    if decision.revision != gate.request.revision:
        return refused(f"it speaks of revision {decision.revision}; asked is {gate.request.revision}")
    if decision.digest != gate.request.digest:
        return refused("its digest is not that of the plan that is asked: look at the plan again")
    if was_shown_another(gate.request, decision):
        return refused("it was decided on another rendering: look at the question again")
    return None


_MAY_WITHDRAW = (DeciderKind.PERSON, DeciderKind.SERVICE, DeciderKind.PROPOSER)


def _has_a_plain_name(gate: GateView, decision: DecisionMade) -> Ruling | None:  # noqa: ARG001 - one of OBJECTIONS
    if fault := fault_of_name(decision.decided_by):
        return refused(f"decided_by {decision.decided_by!a} {fault}: leave it out")
    return None


def _may_speak(gate: GateView, decision: DecisionMade) -> Ruling | None:
    """Whether this kind of decider, and this one, may say this kind of thing."""
    request, who = gate.request, decision.decided_by
    match decision.kind:
        case DecisionKind.EXPIRE:
            return _only(decision, DeciderKind.CLOCK, "only the clock lets a gate expire")
        case DecisionKind.SUPERSEDE:
            return _only(decision, DeciderKind.GATE, "only the gate itself puts a newer one in its place")
        case DecisionKind.WITHDRAW:
            if not same_name(who, request.proposer) or decision.decider not in _MAY_WITHDRAW:
                return refused(f"only the proposer, {request.proposer}, withdraws the plan")
            return None
        case (
            DecisionKind.APPROVE
            | DecisionKind.EDIT
            | DecisionKind.REJECT
            | DecisionKind.RESPOND
            | DecisionKind.CONFIRM
            | DecisionKind.UNDO
            | DecisionKind.RESOLVE
        ):
            return _may_review(request, decision)
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
            return refused(f"this version does not know what to do with {decision.kind.value}")
    assert_never(decision.kind)


def _only(decision: DecisionMade, decider: DeciderKind, why: str) -> Ruling | None:
    return None if decision.decider is decider else refused(why)


def _may_review(request: ApprovalRequested, decision: DecisionMade) -> Ruling | None:
    who, reviewers = decision.decided_by, request.review.terms.reviewers
    if same_name(who, request.proposer):
        return refused(f"{who} proposed the plan and never decides on it; withdraw it, or ask someone else")
    if same_name(who, request.agent.name):
        return refused(f"{who} is the agent that made the plan and never decides on it; ask someone else")
    match decision.decider:
        case DeciderKind.PERSON:
            allowed = may_decide(
                who, proposer=request.proposer, agent=request.agent.name, reviewers=reviewers
            )
        case DeciderKind.SERVICE:
            allowed = is_named(who, reviewers)  # a service reviews only where the terms name it
        case (
            DeciderKind.PROPOSER
            | DeciderKind.CLOCK
            | DeciderKind.GATE
            | DeciderKind.LINK
            | DeciderKind.SUBSTITUTE
            | DeciderKind.UNKNOWN
        ):
            allowed = False
        case _:
            assert_never(decision.decider)
    if allowed:
        return None
    named = ", ".join(reviewers) or "any person but the proposer and the agent"
    return refused(f"{who} ({decision.decider.value}) is no reviewer of this gate; reviewers: {named}")


def _is_in_time(gate: GateView, decision: DecisionMade) -> Ruling | None:
    deadline = gate.request.review.terms.deadline
    if decision.kind is DecisionKind.SUPERSEDE:
        return None
    if decision.kind is DecisionKind.EXPIRE:
        early = decision.decided_at < deadline
        return refused(f"the deadline {deadline.isoformat()} had not come") if early else None
    if decision.decided_at > deadline:
        return _late(f"the deadline was {deadline.isoformat()}")
    return None


def _answers_the_question(gate: GateView, decision: DecisionMade) -> Ruling | None:
    request, kind = gate.request, decision.kind
    if kind in (DecisionKind.EXPIRE, DecisionKind.SUPERSEDE):
        return None
    if kind not in _answers(request):
        return refused(f"{kind.value} is no answer to {_question(request)}")
    if kind is not DecisionKind.WITHDRAW and (why := not_allowed(request, kind)):
        return refused(why)
    return None


def _answers(request: ApprovalRequested) -> tuple[DecisionKind, ...]:
    match request.kind, request.timing:
        case RequestKind.IN_DOUBT, _:
            return (DecisionKind.RESOLVE,)
        case RequestKind.PLAN, Timing.AFTER:
            return (DecisionKind.CONFIRM, DecisionKind.UNDO)
        case RequestKind.PLAN, Timing.BEFORE:
            return (
                DecisionKind.APPROVE,
                DecisionKind.EDIT,
                DecisionKind.REJECT,
                DecisionKind.RESPOND,
                DecisionKind.WITHDRAW,
            )
    raise AssertionError(request.kind, request.timing)


def _question(request: ApprovalRequested) -> str:
    if request.kind is RequestKind.IN_DOUBT:
        return "the question whether an effect happened"
    return f"a review {request.timing.value} execution"


def _is_complete(gate: GateView, decision: DecisionMade) -> Ruling | None:
    known = {step.step_id for step in gate.request.steps}
    if decision.kind is DecisionKind.EDIT and not decision.steps:
        return refused("an EDIT carries the steps as they shall run")
    if decision.kind is not DecisionKind.EDIT and decision.steps:
        return refused(f"{decision.kind.value} carries no steps; to change the plan send an EDIT")
    if decision.kind is DecisionKind.RESOLVE and decision.resolution in (None, Resolution.UNKNOWN):
        return refused("a RESOLVE carries a resolution: HAPPENED, RETRY or ABANDON")
    if decision.kind is DecisionKind.UNDO and (unknown := set(decision.step_ids) - known):
        return refused(f"the plan has no step {', '.join(sorted(unknown))}")
    return None


OBJECTIONS: tuple[Callable[[GateView, DecisionMade], Ruling | None], ...] = (
    _belongs,
    _has_a_plain_name,
    _finds_it_open,
    _is_asked_still,
    _speaks_of_what_is_asked,
    _may_speak,
    _is_in_time,
    _answers_the_question,
    _is_complete,
)


def _late(why: str) -> Ruling:
    return Ruling(Fate.LATE, why)
