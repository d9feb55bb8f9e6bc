"""Lies about plans: what a proposer, a router or an executor says that is not theirs to say.

Each counts only by what it claims, so that something holds it. What nothing but a signature refutes is not
among them: a next revision in its proposer's own name, a reviewer's name, an outcome of a plan that may run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from gate_events.digest import plan_digest, review_digest
from gate_events.ids import derived, request_id
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanProposed,
)
from gate_events.values import Group, Step
from gate_events.words import (
    DeciderKind,
    DecisionKind,
    Level,
    Tier,
)
from gate_policy.catalogue import Catalogue
from gate_policy.requirements import ALLOWED, ASKED_BEFORE
from gate_policy.route import route
from gate_store.judged_words import same_words
from tests.model.reference_claims import PlanRecord
from tests.model.universe import Sent, step

T = TypeVar("T")

LIAR = "mallory"
OWN_STEPS = (
    (step("s1", "mallory", "look"),),
    (step("s1", "mallory", "pay"),),
    (step("s1", "mallory"), step("s2", "mallory", "note")),
)


class Fits(Enum):
    """What a lie can be told of."""

    ANY = "any plan"
    RUN = "a run's plan"
    PLACED = "a run's plan, or a service's whose revision the store knows: its first record owns it"
    NOT_YET = "a plan that nothing cleared yet"
    SERVICE_CLEARED = "a service's plan that may run"
    ASKED = "a plan that an open gate asks about"


@dataclass(frozen=True)
class Victim:
    """An honest plan as a liar finds it."""

    plan: PlanProposed
    record: PlanRecord  # what an honest router makes of it
    placed: bool  # the store knows its revision
    may_run: bool  # it is cleared, or a clearance of it is on the log
    gates: tuple[ApprovalRequested, ...] = ()  # that ask about it, and are open

    def fits(self, what: Fits) -> bool:
        """Whether such a lie can be told of it."""
        of_run = self.plan.run is not None
        return {
            Fits.ANY: True,
            Fits.RUN: of_run,
            Fits.PLACED: of_run or self.placed,
            Fits.NOT_YET: not self.may_run,
            Fits.SERVICE_CLEARED: self.may_run and self.placed and not of_run,
            Fits.ASKED: bool(self.gates),
        }[what]


@dataclass(frozen=True)
class Pen:
    """What a lie is written with."""

    number: int
    now: datetime
    data: st.DataObject
    catalogue: Catalogue
    said: Sequence[DecisionMade] = ()  # by honest people

    def some(self, choices: Sequence[T]) -> T:
        """Any of these."""
        return self.data.draw(st.sampled_from(choices))

    def fresh(self, what: str) -> UUID:
        """An id of the liar's own."""
        return derived("lie", what, self.number)

    def steps(self) -> tuple[Step, ...]:
        """The liar's own."""
        return self.some(OWN_STEPS)


Lie = Callable[[Victim, Pen], Sequence[Any]]
LIES: dict[str, tuple[Fits, Lie]] = {}


def lie(fits: Fits) -> Callable[[Lie], Lie]:
    """Register a kind of lie under the name of its function."""

    def register(tell: Lie) -> Lie:
        LIES[tell.__name__] = fits, tell
        return tell

    return register


def was_told_otherwise(record: Any, lies: Sequence[Sent]) -> bool:
    """Whether a lie tells this very plan in other words."""
    copies = (
        each.record
        for each in lies
        if isinstance(each.record, PlanCleared | ApprovalRequested) and each.record.digest == record.digest
    )
    return any(not same_words(each, record) for each in copies)


# --- what they are made of ---


def as_routed(plan: PlanProposed, pen: Pen) -> PlanRecord:
    """A lie on `plans`, by an honest router; or a lie of the router itself."""
    ways: list[Callable[[PlanProposed, Pen], PlanRecord]] = [as_cleared, as_asked, honestly]
    return pen.some(ways)(plan, pen)


def honestly(plan: PlanProposed, pen: Pen) -> PlanRecord:
    """By the catalogue."""
    return route(plan, pen.catalogue, now=pen.now)


def as_cleared(plan: PlanProposed, pen: Pen) -> PlanCleared:
    """Cleared, whatever the catalogue says."""
    return PlanCleared(
        event_id=derived("cleared", plan.plan_id, plan.revision),
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run),
        cleared_at=pen.now,
        tier=Tier.REVERSIBLE,
        level=Level.L3,
        policy=pen.catalogue.digest,
        proposer=plan.proposer,
        agent=plan.agent,
        goal=plan.goal,
        steps=plan.steps,
        run=plan.run,
    )


def as_asked(plan: PlanProposed, pen: Pen) -> ApprovalRequested:
    """Asked, in the true words."""
    asked = route(plan, pen.catalogue, now=pen.now, required=ASKED_BEFORE)
    assert isinstance(asked, ApprovalRequested)
    return asked


def in_other_words(asked: ApprovalRequested, pen: Pen, **changes: Any) -> ApprovalRequested:
    """The question with a review of the liar's own: he alone decides, and for years."""
    terms = msgspec.structs.replace(
        asked.review.terms,
        reviewers=(LIAR,),
        quorum=1,
        use_by_s=10**8,
        allowed=ALLOWED[changes.get("timing", asked.timing)],
    )
    group = Group(text="Look", tier=Tier.REVERSIBLE, step_ids=tuple(each.step_id for each in asked.steps))
    review = msgspec.structs.replace(asked.review, groups=(group,), terms=terms)
    own = msgspec.structs.replace(asked, review=review, review_digest=review_digest(review), **changes)
    doubt = own.in_doubt.step_id if own.in_doubt else ""
    gate = request_id(own.plan_id, own.revision, own.kind, own.timing, doubt, own.attempt)
    return msgspec.structs.replace(own, request_id=gate, event_id=derived("requested", gate))


def approval_of(asked: ApprovalRequested, pen: Pen, **changes: Any) -> DecisionMade:
    """The liar decides, in his own name."""
    word = DecisionMade(
        event_id=pen.fresh("word"),
        request_id=asked.request_id,
        plan_id=asked.plan_id,
        revision=asked.revision,
        digest=asked.digest,
        kind=DecisionKind.APPROVE,
        decided_at=pen.now,
        decided_by=LIAR,
        decider=DeciderKind.PERSON,
    )
    return msgspec.structs.replace(word, **changes)
