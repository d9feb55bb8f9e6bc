"""Questions about the rest of a run's plan: its graph has gone on already, and hears no other answer."""

import msgspec

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested
from gate_events.values import Finding
from gate_events.words import DecisionKind

HALF_DONE = "half done"
_UNHEARD = frozenset({DecisionKind.EDIT, DecisionKind.RESPOND})
_WHY = (
    "It is half done: its graph goes on by the approval that it has, and hears no other answer. So it can be"
    " neither edited nor answered in words: approve the rest, or reject it and submit what you want instead."
)


def about_the_rest(request: ApprovalRequested) -> ApprovalRequested:
    """The question without the answers that the graph would not hear; its reviewers see why."""
    terms = request.review.terms
    heard = tuple(kind for kind in terms.allowed if kind not in _UNHEARD)
    findings = [each for each in request.review.findings if each.check != HALF_DONE]
    review = msgspec.structs.replace(
        request.review,
        terms=msgspec.structs.replace(terms, allowed=heard),
        findings=(*findings, Finding(check=HALF_DONE, text=_WHY)),
    )
    return msgspec.structs.replace(request, review=review, review_digest=review_digest(review))


def not_allowed(request: ApprovalRequested, kind: DecisionKind) -> str | None:
    """Why this gate does not take such a decision, and what it takes; None: it takes it."""
    allowed = request.review.terms.allowed
    if kind in allowed:
        return None
    why = next((f". {each.text}" for each in request.review.findings if each.check == HALF_DONE), "")
    return f"this gate does not allow {kind.value}; allowed: {', '.join(each.value for each in allowed)}{why}"
