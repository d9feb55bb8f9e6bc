"""Who must look, how many, when and until when; and the strictest of several such wishes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from gate_events.names import name_key
from gate_events.records import ApprovalRequested
from gate_events.values import Terms
from gate_events.words import DecisionKind, Tier, Timing

ALLOWED = {
    Timing.BEFORE: (DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT, DecisionKind.RESPOND),
    Timing.AFTER: (DecisionKind.CONFIRM, DecisionKind.UNDO),
}


@dataclass(frozen=True, slots=True)
class Body:
    """So many of these people must agree; nobody named means anyone but the proposer and its agent."""

    people: frozenset[str] = frozenset()
    quorum: int = 1


@dataclass(frozen=True, slots=True)
class Requirements:
    """The least that a plan needs. An edited plan keeps the requirements of the plan that was edited."""

    tier: Tier = Tier.REVERSIBLE
    timing: Timing | None = None
    bodies: frozenset[Body] = frozenset()


ASKED_BEFORE = Requirements(timing=Timing.BEFORE)  # a human decides before it runs, whatever its tier


def requirements_of(request: ApprovalRequested) -> Requirements:
    """What an open request asked for: the floor under an edit of its plan."""
    terms = request.review.terms
    body = Body(frozenset(terms.reviewers), terms.quorum)
    return Requirements(request.tier.counts_as, request.timing, frozenset({body}))


def terms(
    people: tuple[str, ...], quorum: int, timing: Timing, now: datetime, deadline_s: int, use_by_s: int
) -> Terms:
    """The frozen terms of a gate on which `quorum` of these people agree."""
    return Terms(
        reviewers=people,
        quorum=quorum,
        deadline=now + timedelta(seconds=deadline_s),
        use_by_s=use_by_s,
        allowed=ALLOWED[timing],
    )


@lru_cache(maxsize=1024)
def united(bodies: frozenset[Body], *excluded: str) -> tuple[tuple[str, ...], int]:
    """Reviewers and quorum such that every body has its own quorum among those who agree.

    The people common to all bodies decide, if they are enough. Else everyone named decides, with a
    quorum so high that no body can be left short: all who do not belong to it, and its own quorum.
    Whoever has an `excluded` name, however spelled, does not count, unless nobody else is named.
    """
    quorum = max((body.quorum for body in bodies), default=1)
    names = sorted({name for body in bodies for name in body.people}, reverse=True)
    written = {name_key(name): name for name in names}  # of two spellings the first in order
    named = [(frozenset(map(name_key, body.people)), body.quorum) for body in bodies if body.people]
    if not named:
        return (), quorum
    out = set(map(name_key, excluded))
    common = frozenset.intersection(*(people for people, _ in named)) - out
    if len(common) >= quorum:
        return _spelled(common, written), quorum
    # Removing all would leave an empty list, which would mean "anyone".
    everyone = frozenset(written)
    able = everyone - out or everyone
    return _spelled(able, written), max(quorum, *(len(able - people) + needed for people, needed in named))


def _spelled(keys: frozenset[str], written: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(written[key] for key in keys))
