"""The gatekeeper judges for itself: what a router says counts only where our own catalogue says it too.

The stricter way stands: what either asks about is asked, in our own words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from gate_events.ids import request_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.shown import shown
from gate_events.values import Review
from gate_events.words import RequestKind, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.disputed import by_their_words, disputed_review, is_disputed, strictest, undisputed
from gate_policy.effects import PriorEffect
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.judge import Judgement, judge
from gate_policy.proposals import proposal_of
from gate_policy.requirements import ASKED_BEFORE, Requirements
from gate_policy.route import asked, cleared
from gate_store.judged_words import (
    CLEARED_IN_OTHER_WORDS,
    CLEARED_OTHERWISE,
    IN_OTHER_WORDS,
    PROPOSE_ANEW,
)
from gate_store.plan_claims import CLEARED_ALREADY, PlanClaim
from gate_store.plan_owners import PlanRecord
from gate_store.queued_plans import OWN_ATTEMPT
from stream_apps.gatekeeper.ceiling import Ceiling
from stream_apps.gatekeeper.revised import Revised

_ON_ITS_WAY = timedelta(seconds=10)  # from a router to its topic
_WAITED = "it waited for an open gate of its agent to close"


@dataclass(frozen=True, slots=True)
class AskedAnew:
    """A question of our own in place of what a router said; `request_id` is that of its request, if any."""

    gate: ApprovalRequested
    request_id: UUID | None
    why: str


@dataclass(slots=True)
class JudgedClaims:
    """What follows from the claims of a batch."""

    requests: list[ApprovalRequested] = field(default_factory=list)  # right as they came
    anew: list[AskedAnew] = field(default_factory=list)
    queued: list[AskedAnew] = field(default_factory=list)  # asked once their turn comes
    left: list[PlanClaim] = field(default_factory=list)  # whose turn it was, and there is no room for them
    cleared: list[PlanCleared] = field(default_factory=list)  # in our own words
    appended: dict[str, datetime] = field(default_factory=dict)  # the broker's moments of these, by digest
    refused: list[tuple[PlanClaim, str]] = field(default_factory=list)  # and why


class OwnJudgement:
    """Judges the claims of one batch, each as of the moment that its record tells.

    `prior` are the effects that the store knows; plans of this batch meet each other's, too.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        prior: Mapping[str, PriorEffect],
        known_policies: frozenset[str] = frozenset(),
        tolerance: timedelta = timedelta(minutes=5),
        revised: Revised | None = None,
        told_before: Mapping[str, PlanRecord] | None = None,
        ceiling: Ceiling | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._prior = dict(prior)
        self._policies = known_policies | {catalogue.digest}
        self._tolerance = tolerance
        self._revised = revised or Revised(catalogue)
        self._told = dict(told_before or {})  # of plans of services, by digest: in other words than now
        self._ceiling = ceiling or Ceiling()
        self.judged = JudgedClaims()

    def take(self, claims: Iterable[PlanClaim], moments: Mapping[int, datetime], now: datetime) -> None:
        """Judge claims in order. `moments` are the broker's, by position; else it is `now`."""
        for claim in claims:
            moment = None if claim.position is None else moments.get(claim.position)
            try:
                self._take(claim, moment or now)
            except UnjudgeablePlanError as error:
                self.judged.refused.append((claim, str(error)))
            if moment and isinstance(claim.record, PlanCleared):
                self.judged.appended.setdefault(claim.record.digest, moment)

    def _take(self, claim: PlanClaim, moment: datetime) -> None:
        record = claim.record
        if self._ceiling.holds(record.digest):
            self._wait_as_well(claim, moment)
            return
        before = self._told.get(record.digest) if record.run is None else None
        if isinstance(before, ApprovalRequested):
            self._dispute(claim, before, moment)
            return
        at = _dated(record)
        if abs(at - moment) > self._tolerance:
            at = moment
        plan = proposal_of(record, at)
        judgement = self._judge(plan, at, self._revised.required(plan))
        if before:
            if judgement.timing is not Timing.BEFORE:  # in these words, too, it may run
                self.judged.refused.append((claim, _cleared_before(record)))
                return
            self._dispute(claim, before, moment)
        elif isinstance(record, PlanCleared) and judgement.timing is not Timing.BEFORE:
            ours = cleared(plan, judgement, at)
            self.judged.cleared.append(ours)
            self._revised.note(ours)
        elif isinstance(record, PlanCleared):
            self._ask_anew(claim, moment, "a human must decide before it runs")
        else:
            if judgement.timing is not Timing.BEFORE:
                judgement = self._judge(plan, at, ASKED_BEFORE)
            self._ask(claim, record, judgement, moment)
        self._note_effects(plan, judgement, at)

    def _judge(self, plan: PlanProposed, at: datetime, floor: Requirements | None) -> Judgement:
        judgement = judge(plan, self._catalogue, now=at, prior=self._prior, required=floor)
        review, found = judgement.review, self._revised.findings(plan, judgement.digest)
        if review is None or not found:
            return judgement
        review = msgspec.structs.replace(review, findings=(*found, *review.findings))
        return replace(judgement, review=review)

    def _ask(
        self, claim: PlanClaim, request: ApprovalRequested, judgement: Judgement, moment: datetime
    ) -> None:
        differs = list(self._differences(request, judgement))
        if not differs and _has_lost_time(request, moment):
            differs = ["date"]
        if claim.queued:
            self._ask_in_turn(claim, moment)
        elif differs:
            self._ask_anew(claim, moment, f"our own judgement differs in {', '.join(differs)}")
        elif not self._ceiling.takes(request):
            self._wait(claim, self._own_question(claim, moment))
        else:
            self.judged.requests.append(request)
            self._note_asked(request)

    def _differences(self, request: ApprovalRequested, judgement: Judgement) -> Iterable[str]:
        ours, theirs = judgement.review, request.review
        if request.tier is not judgement.tier:
            yield "tier"
        if request.level is not judgement.level:
            yield "level"
        if ours is None or ours.terms != theirs.terms:
            yield "terms"
        if ours is None or ours.groups != theirs.groups:
            yield "sentences"
        if ours is None or ours.findings != theirs.findings:
            yield "findings"
        if ours is None or ours.reasons != theirs.reasons:
            yield "reasons"
        if request.policy not in self._policies:
            yield "policy"

    def _ask_anew(self, claim: PlanClaim, moment: datetime, why: str) -> None:
        gate = self._own_question(claim, moment)
        if self._ceiling.takes(gate):
            self._open(claim, AskedAnew(gate, _request_id(claim.record), why))
        else:
            self._wait(claim, gate)

    def _ask_in_turn(self, claim: PlanClaim, moment: datetime) -> None:
        if self._ceiling.takes(claim.record, in_turn=True):
            gate = self._own_question(claim, moment)
            self._open(claim, AskedAnew(gate, _request_id(claim.record), _WAITED))
        else:
            self.judged.left.append(claim)

    def _own_question(self, claim: PlanClaim, moment: datetime) -> ApprovalRequested:
        """As of the moment that no record chooses: its deadline goes by that."""
        plan = proposal_of(claim.record, moment)
        judgement, review = self._asking(plan, moment)
        return asked(plan, judgement, review, moment, OWN_ATTEMPT)

    def _wait(self, claim: PlanClaim, gate: ApprovalRequested) -> None:
        """Until its agent has fewer open gates."""
        asker = f"agent {shown(gate.agent.name)} of proposer {shown(gate.proposer)}"
        why = f"{asker} has as many open gates as it may, and the plan waits for one of them to close"
        self.judged.queued.append(AskedAnew(gate, _request_id(claim.record), why))
        self.judged.refused.append((claim, f"asked anew as {gate.request_id}: {why}"))
        self._ceiling.note_queued(gate)
        self._note_asked(gate)

    def _wait_as_well(self, claim: PlanClaim, moment: datetime) -> None:
        """In other words beside what waits: both are disputed once their turn comes."""
        if self._ceiling.holds_disputed(claim.record.digest):
            why = f"the plan waits to be asked {IN_OTHER_WORDS}: {PROPOSE_ANEW}"
            self.judged.refused.append((claim, why))
        else:
            self._wait(claim, self._own_question(claim, moment))

    def _dispute(self, claim: PlanClaim, before: PlanRecord, moment: datetime) -> None:
        """Ask, once, in nobody's words about what is told in two, as the stricter of both would be asked."""
        if isinstance(before, PlanCleared):
            why = CLEARED_OTHERWISE
        elif is_disputed(before):
            why = f"gate {before.request_id} asks about this plan {IN_OTHER_WORDS}: {PROPOSE_ANEW}"
            self.judged.refused.append((claim, why))
            return
        else:
            why = f"gate {before.request_id} asked {IN_OTHER_WORDS}"
        tellings = by_their_words(proposal_of(before, moment), proposal_of(claim.record, moment))
        told = [self._asking(each, moment) for each in tellings]
        plan = undisputed(*tellings)
        floor = strictest([each for each, _ in told], before)
        judgement, review = self._asking(plan, moment, floor)
        review = disputed_review(review, tellings, [each for _, each in told])
        gate = asked(plan, judgement, review, moment, before.attempt + 1)
        request_id = _request_id(claim.record)
        instead = request_id if request_id != _request_id(before) else None  # that one has its own gate
        self._open(claim, AskedAnew(gate, instead, why))

    def _asking(
        self, plan: PlanProposed, moment: datetime, floor: Requirements = ASKED_BEFORE
    ) -> tuple[Judgement, Review]:
        """The judgement of what a human is asked before it runs."""
        judgement = self._judge(plan, moment, floor)
        if judgement.review is None:
            raise AssertionError("a plan that is judged BEFORE has a review")
        return judgement, judgement.review

    def _open(self, claim: PlanClaim, anew: AskedAnew) -> None:
        self.judged.anew.append(anew)
        self._note_asked(anew.gate)
        self.judged.refused.append((claim, f"asked anew as {anew.gate.request_id}: {anew.why}"))

    def _note_asked(self, gate: ApprovalRequested) -> None:
        self._revised.note(gate)
        if gate.run is None:
            self._told[gate.digest] = gate

    def _note_effects(self, plan: PlanProposed, judgement: Judgement, at: datetime) -> None:
        """The next plan of the batch meets these as those of a plan that waits."""
        for step in judgement.steps:
            if key := step.effect_key:
                self._prior.setdefault(key, PriorEffect(key, at, plan.plan_id, "", waits=True))


def gates_anew(plan_id: UUID, revision: int) -> set[UUID]:
    """The gates of our own questions in place of a router's word, where it comes to that."""
    attempts = (OWN_ATTEMPT, OWN_ATTEMPT + 1)  # the second where its words are disputed, too
    return {request_id(plan_id, revision, RequestKind.PLAN, Timing.BEFORE, attempt=each) for each in attempts}


def _cleared_before(record: PlanRecord) -> str:
    return CLEARED_IN_OTHER_WORDS if isinstance(record, PlanCleared) else CLEARED_ALREADY


def _has_lost_time(request: ApprovalRequested, moment: datetime) -> bool:
    """Whether its date takes more than a tenth of their time from its reviewers; a topic may be slow."""
    tenth = (request.review.terms.deadline - request.requested_at) / 10
    return moment - request.requested_at > max(tenth, _ON_ITS_WAY)


def _request_id(record: PlanRecord) -> UUID | None:
    return record.request_id if isinstance(record, ApprovalRequested) else None


def _dated(record: PlanRecord) -> datetime:
    return record.requested_at if isinstance(record, ApprovalRequested) else record.cleared_at
