"""Who must look, how many, when and until when; and the strictest of several such wishes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from gate_events.records import ApprovalRequested
from gate_events.values import Terms
from gate_events.words import DecisionKind, Tier, Timing

ALLOWED = {
    Timing.BEFORE: (DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT, DecisionKind.RESPOND),
    Timing.AFTER: (DecisionKind.CONFIRM, DecisionKind.UNDO),
}


@dataclass(frozen=True, slots=True)
class Body:
    """So many of these people must agree; nobody named means anyone but the proposer."""

    people: frozenset[str] = frozenset()
    quorum: int = 1


@dataclass(frozen=True, slots=True)
class Requirements:
    """The least that a plan needs. An edited plan keeps the requirements of the plan that was edited."""

    tier: Tier = Tier.REVERSIBLE
    timing: Timing | None = None
    bodies: frozenset[Body] = frozenset()


def requirements_of(request: ApprovalRequested) -> Requirements:
    """What an open request asked for: the floor under an edit of its plan."""
    terms = request.review.terms
    body = Body(frozenset(terms.reviewers), terms.quorum)
    return Requirements(request.tier, request.timing, frozenset({body}))


def terms(
    bodies: frozenset[Body], proposer: str, timing: Timing, now: datetime, deadline_s: int, use_by_s: int
) -> Terms:
    """The frozen terms of a gate that satisfies every body."""
    people, quorum = united(bodies, proposer)
    return Terms(
        reviewers=people,
        quorum=quorum,
        deadline=now + timedelta(seconds=deadline_s),
        use_by_s=use_by_s,
        allowed=ALLOWED[timing],
    )


@lru_cache(maxsize=1024)
def united(bodies: frozenset[Body], proposer: str) -> tuple[tuple[str, ...], int]:
    """Reviewers and quorum such that every body has its own quorum among those who agree.

    The people common to all bodies decide, if they are enough. Else everyone named decides, with a
    quorum so high that no body can be left short: all who do not belong to it, and its own quorum.
    """
    quorum = max((body.quorum for body in bodies), default=1)
    named = [body for body in bodies if body.people]
    if not named:
        return (), quorum
    common = frozenset.intersection(*(body.people for body in named))
    if len(common - {proposer}) >= quorum:
        return tuple(sorted(common - {proposer})), quorum
    # Removing the proposer must not leave an empty list, which would mean "anyone".
    everyone = frozenset.union(*(body.people for body in named))
    able = everyone - {proposer} or everyone
    return tuple(sorted(able)), max(quorum, *(len(able - body.people) + body.quorum for body in named))
