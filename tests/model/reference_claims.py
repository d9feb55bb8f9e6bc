"""What the laws say about records that speak of plans: each is a claim, held against what is known."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from gate_events.digest import plan_digest
from gate_events.ids import derived, request_id
from gate_events.names import name_key
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Step
from gate_events.words import RequestKind, Tier, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.requirements import Requirements
from gate_policy.route import route
from tests.model.reference_runs import Run
from tests.model.universe import TOLERANCE

PlanRecord = ApprovalRequested | PlanCleared


class Taken(Enum):
    """What a claim comes to before anybody judges it."""

    REFUSED = "a dead letter"
    KNOWN = "said before"
    EARLY = "an earlier revision has still to come"
    OWN = "a question of the store's own"
    COUNTS = "to be judged"
    AGAIN = "to be held against what the others of its batch lead to"
    OTHERWISE = (
        "a plan that was cleared in other words, and that nobody has begun: to be judged in these, too"
    )


@dataclass
class Owner:
    """Whose plan it is, and what each of its revisions holds."""

    proposer: str
    agent: str
    thread: str | None
    digests: dict[int, str] = field(default_factory=dict)


class Claims:
    """Who may say what about which plan."""

    def __init__(self, runs: dict[str, Run]) -> None:
        self.runs = runs
        self.owners: dict[UUID, Owner] = {}
        self.gates: dict[UUID, tuple[str, bool]] = {}  # digest, and whether it asks before
        self.cleared: set[str] = set()
        self.first_words: dict[str, PlanCleared] = {}  # of services' plans, by digest: nobody was asked
        self.anew: dict[UUID, UUID] = {}  # request: the gate that stands in its place
        self.own: dict[UUID, ApprovalRequested] = {}  # said by the store, and not come back yet
        self.asked: defaultdict[str, list[ApprovalRequested]] = defaultdict(list)  # before, of services
        self.disputed: set[str] = set()  # digests: asked in nobody's words
        self.may_have_begun: Callable[[str], bool]  # by digest
        self.state: Callable[[UUID], str]  # of a gate; of one that opens now PENDING

    def take(self, record: PlanRecord, cleared_now: Collection[str] = ()) -> Taken:
        """Hold one claim against what is known, and remember it. `cleared_now`: digests, by its batch."""
        if record.digest in cleared_now and self._is_cleared_in_other_words(record):
            return Taken.AGAIN
        own = self._is_own(record)
        taken = self._taken(record, own=own)
        if own:
            del self.own[record.event_id]
        if taken in (Taken.OWN, Taken.COUNTS):
            self._note(record)
        return taken

    def asked_anew(self, record: PlanRecord, ours: PlanRecord) -> None:
        """Our own question stands in the place of what a router said."""
        assert isinstance(ours, ApprovalRequested)
        asked = {each.request_id for each in self.asked[ours.digest]}
        if isinstance(record, PlanCleared):
            if _told(self.first_words.get(record.digest, record)) == _told(record):
                self.cleared.discard(record.digest)
                self.first_words.pop(record.digest, None)
        elif record.request_id not in asked:
            self.gates.pop(record.request_id, None)
            self.anew.setdefault(record.request_id, ours.request_id)
        self.gates[ours.request_id] = (ours.digest, True)

    def asks(self, digest: str) -> UUID | None:
        """The gate at which a human was asked whether this very plan may run."""
        return next((gate for gate, known in self.gates.items() if known == (digest, True)), None)

    def _taken(self, record: PlanRecord, *, own: bool) -> Taken:
        if not self._is_whole(record):
            return Taken.REFUSED
        if self._repeats(record):
            self._stands_in_place(record)
            otherwise = self.is_asked_otherwise(record) or (
                isinstance(record, PlanCleared) and self._is_told_otherwise(record)
            )
            return Taken.REFUSED if otherwise else Taken.KNOWN
        if own:
            return Taken.OWN
        if not (self._may_be_routed(record) and self._is_the_runs(record) and self._is_the_owners(record)):
            return Taken.REFUSED
        if self._is_cleared_otherwise(record):
            return Taken.OTHERWISE
        counts = Taken.EARLY if self._is_early(record) else Taken.COUNTS
        return Taken.REFUSED if self._is_decided_otherwise(record) else counts

    def _is_own(self, record: PlanRecord) -> bool:
        return self.own.get(record.event_id) == record

    def _is_whole(self, record: PlanRecord) -> bool:
        """The digest is that of the steps, and the gate's id asks about nothing else."""
        if record.digest != plan_digest(record.plan_id, record.revision, record.steps, record.run):
            return False
        if isinstance(record, PlanCleared):
            return True
        known = self.gates.get(record.request_id)
        return known is None or known[0] == record.digest

    def _repeats(self, record: PlanRecord) -> bool:
        if isinstance(record, PlanCleared):
            known = record.digest in self.cleared and self.asks(record.digest) is None
            return known and not self._is_cleared_otherwise(record)
        if self.differs(record):
            return False
        known = record.request_id in self.gates or self._asked_anew(record)
        return known or (is_routed(record) and self.asks(record.digest) is not None)

    def _is_cleared_otherwise(self, record: PlanRecord) -> bool:
        """Whether nobody has begun what was cleared in other words. Else the first ones stay."""
        routed = isinstance(record, PlanCleared) or is_routed(record)
        unasked = self.asks(record.digest) is None
        return (
            routed and unasked and self._is_told_otherwise(record) and not self.may_have_begun(record.digest)
        )

    def _is_told_otherwise(self, record: PlanRecord) -> bool:
        first = self.first_words.get(record.digest)
        return first is not None and _told(first) != _told(record)

    def _is_cleared_in_other_words(self, record: PlanRecord) -> bool:
        return isinstance(record, PlanCleared) and self._is_told_otherwise(record)

    def differs(self, record: PlanRecord) -> bool:
        """Whether a service's plan was asked about, and never in these words, which no digest covers."""
        if record.run or (isinstance(record, ApprovalRequested) and not is_routed(record)):
            return False
        asked = self.asked[record.digest]
        return bool(asked) and all(_told(each) != _told(record) for each in asked)

    def _nobody_has_answered(self, digest: str) -> bool:
        """Once, it is asked in nobody's words."""
        open_still = all(self.state(each.request_id) == "PENDING" for each in self.asked[digest])
        return open_still and digest not in self.disputed

    def is_asked_otherwise(self, record: PlanRecord) -> bool:
        """Whether another gate stands in its place."""
        if isinstance(record, PlanCleared):
            return self.asks(record.digest) is not None
        return self._asked_anew(record) and record.request_id not in self.gates

    def _asked_anew(self, record: ApprovalRequested) -> bool:
        """Another gate asks about the same in its place."""
        gate = self.anew.get(record.request_id)
        return gate is not None and gate in self.gates and self.gates[gate][0] == record.digest

    def _stands_in_place(self, record: PlanRecord) -> None:
        """Whoever decides on a request that was asked otherwise is told of the other gate."""
        if isinstance(record, ApprovalRequested) and record.request_id not in self.gates:
            gate = self.asks(record.digest)
            if gate:
                self.anew.setdefault(record.request_id, gate)

    def _may_be_routed(self, record: PlanRecord) -> bool:
        """All other questions are the store's own; a gate's id is that of its plan and revision."""
        if isinstance(record, PlanCleared):
            return True
        own_id = request_id(record.plan_id, record.revision, record.kind, record.timing)
        return is_routed(record) and record.request_id == own_id

    def _is_the_runs(self, record: PlanRecord) -> bool:
        """A run is answered only by its own question."""
        if record.run is None:
            return all(run.plan != record.plan_id for run in self.runs.values())
        run = self.runs.get(record.run.thread_id)
        return run is not None and (run.plan, run.pause, run.asked) == (
            record.plan_id,
            record.run,
            record.digest,
        )

    def _is_the_owners(self, record: PlanRecord) -> bool:
        """A plan has an owner, and a revision one content."""
        owner = self.owners.get(record.plan_id)
        if owner is None:
            return True
        same = (owner.proposer, owner.agent, owner.thread) == _who(record)
        return same and owner.digests.get(record.revision, record.digest) == record.digest

    def _is_decided_otherwise(self, record: PlanRecord) -> bool:
        """What was asked is not cleared, nor the reverse."""
        if self.differs(record):
            known = isinstance(record, PlanCleared) and record.digest in self.cleared
            return known or not self._nobody_has_answered(record.digest)
        if isinstance(record, PlanCleared):
            return self.asks(record.digest) is not None
        return record.digest in self.cleared

    def _is_early(self, record: PlanRecord) -> bool:
        owner = self.owners.get(record.plan_id)
        last = max(owner.digests) if owner else 0
        return record.run is None and record.revision > last + 1

    def _note(self, record: PlanRecord) -> None:
        if isinstance(record, PlanCleared):
            self.cleared.add(record.digest)
            if record.run is None:
                self.first_words.setdefault(record.digest, record)
        else:
            self.gates[record.request_id] = (record.digest, asks_before(record))
            if not asks_before(record):
                return
        owner = self.owners.setdefault(record.plan_id, Owner(*_who(record)))
        owner.digests.setdefault(record.revision, record.digest)


def _who(record: PlanRecord) -> tuple[str, str, str | None]:
    thread = record.run.thread_id if record.run else None
    return name_key(record.proposer), name_key(record.agent.name), thread


def _told(record: PlanRecord) -> tuple[Any, ...]:
    return record.proposer, record.agent, record.goal, record.steps


def asks_before(request: ApprovalRequested) -> bool:
    """Whether it asks if a plan may run."""
    return (request.kind, request.timing) == (RequestKind.PLAN, Timing.BEFORE)


def is_routed(request: ApprovalRequested) -> bool:
    """Whether a router may ask this."""
    return asks_before(request) and request.attempt == 1


def judged(
    record: PlanRecord, moment: datetime, catalogue: Catalogue, older: Sequence[PlanRecord]
) -> PlanRecord:
    """What the gatekeeper's own catalogue makes of a claim: the stricter way stands, in our own words.

    A claim is judged as of its own date, or, where that cannot be, of the broker's moment; our own question
    always is of that. A later revision is shown as what it changes, and clears nothing that an older one had
    to ask for.
    """
    at = _dated(record, moment)
    asks = isinstance(record, ApprovalRequested) or _had_to_ask(record, older)
    ours = _routed(record, at, catalogue, asks)
    if isinstance(record, PlanCleared) and isinstance(ours, PlanCleared):
        return ours
    assert isinstance(ours, ApprovalRequested)
    if isinstance(record, ApprovalRequested) and _asks_the_same(record, ours) and not older:
        return record
    return _attempt(_routed(record, moment, catalogue, asks), 2)


def may_run(record: PlanRecord, moment: datetime, catalogue: Catalogue, older: Sequence[PlanRecord]) -> bool:
    """Whether our own catalogue asks nobody before about a plan in these words."""
    at = _dated(record, moment)
    return isinstance(_routed(record, at, catalogue, _had_to_ask(record, older)), PlanCleared)


def _dated(record: PlanRecord, moment: datetime) -> datetime:
    dated = record.requested_at if isinstance(record, ApprovalRequested) else record.cleared_at
    return dated if abs(dated - moment) <= TOLERANCE else moment


def asked_in_nobodys_words(
    record: PlanRecord, before: PlanRecord, moment: datetime, catalogue: Catalogue
) -> ApprovalRequested:
    """What is told in two ways: no goal but a common one, the higher claims, and the higher tier."""
    steps = []
    for one, other in zip(record.steps, before.steps, strict=True):
        claims = [each.claimed_tier for each in (one, other) if each.claimed_tier]
        highest = max(claims, key=lambda tier: tier.rank) if claims else None
        steps.append(msgspec.structs.replace(one, claimed_tier=highest))
    goal = record.goal if record.goal == before.goal else ""
    told = msgspec.structs.replace(record, goal=goal, steps=tuple(steps))
    tiers = [_routed(each, moment, catalogue, asks=True).tier for each in (record, before)]
    tiers += [before.tier] if isinstance(before, ApprovalRequested) else []
    own = _routed(told, moment, catalogue, asks=True, tier=max(tiers, key=lambda tier: tier.rank))
    return _attempt(own, before.attempt + 1)


def _attempt(own: ApprovalRequested | PlanCleared, attempt: int) -> ApprovalRequested:
    assert isinstance(own, ApprovalRequested)
    gate = request_id(own.plan_id, own.revision, own.kind, own.timing, attempt=attempt)
    return msgspec.structs.replace(own, event_id=derived("requested", gate), request_id=gate, attempt=attempt)


def _routed(
    record: PlanRecord, at: datetime, catalogue: Catalogue, asks: bool, tier: Tier = Tier.REVERSIBLE
) -> ApprovalRequested | PlanCleared:
    plan = PlanProposed(
        event_id=record.event_id,
        plan_id=record.plan_id,
        revision=record.revision,
        proposed_at=at,
        proposer=record.proposer,
        agent=record.agent,
        goal=record.goal,
        steps=record.steps,
        run=record.run,
    )
    return route(plan, catalogue, now=at, required=Requirements(tier, Timing.BEFORE) if asks else None)


def _had_to_ask(record: PlanRecord, older: Sequence[PlanRecord]) -> bool:
    """Whether a step stands in an older revision that a human was asked about."""
    asked = [_says(step) for each in older if isinstance(each, ApprovalRequested) for step in each.steps]
    return any(_says(step) in asked for step in record.steps)


def _says(step: Step) -> tuple[str, dict[str, Any]]:
    return step.action_type, step.arguments


def _asks_the_same(theirs: ApprovalRequested, ours: ApprovalRequested) -> bool:
    same = ("tier", "level", "review", "policy")
    return all(getattr(theirs, name) == getattr(ours, name) for name in same)
