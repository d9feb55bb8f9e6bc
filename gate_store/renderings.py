"""Whether records name the review that is, or was, shown."""

from gate_events.digest import review_digest
from gate_events.errors import UnencodableError
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind

NOT_SAID = "not said what was seen"
_NOT_SHOWN = (DeciderKind.CLOCK, DeciderKind.GATE, DeciderKind.PROPOSER)


def names_its_review(request: ApprovalRequested) -> bool:
    """Whether the digest that a request states, if any, is that of its own review."""
    return request.review_digest is None or request.review_digest == _digest(request)


def was_shown_another(request: ApprovalRequested, decision: DecisionMade) -> bool:
    """Whether a decision says that it was made on another rendering. An EDIT names that of what it became."""
    named = decision.review_digest
    return named is not None and decision.kind is not DecisionKind.EDIT and named != _digest(request)


def with_what_was_seen(why: str, decision: DecisionMade) -> str:
    """`why`, and where a reviewer did not say what they saw, that."""
    untold = decision.review_digest is None and decision.kind is not DecisionKind.WITHDRAW
    return f"{why}; {NOT_SAID}" if untold and decision.decider not in _NOT_SHOWN else why


def _digest(request: ApprovalRequested) -> str | None:
    try:
        return review_digest(request.review)
    except UnencodableError:
        return None
