"""What the laws say about gates, in plain dictionaries. Written from the design, not from the code.

Records are taken one at a time, in the log's order. What a law leaves open (LATE or REFUSED: both change
nothing) is one word here: INERT.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from gate_events.digest import plan_digest
from gate_events.names import name_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, Resolution
from gate_policy.catalogue import Catalogue
from gate_store.verdicts import AsEdited, later
from gate_store.waiting_plans import claim_id
from stream_apps.gatekeeper.edits import retier
from tests.model.reference_claims import (
    Claims,
    PlanRecord,
    Taken,
    asked_in_nobodys_words,
    asks_before,
    judged,
    may_run,
)
from tests.model.reference_decisions import (
    Heard,
    counts,
    gates_own_word,
    is_misdated,
    is_ours,
    may_speak,
    takes_an_id,
)
from tests.model.reference_outcomes import Outcomes
from tests.model.reference_runs import Cleared, Runs
from tests.model.universe import CATALOGUE, Sent
from tests.store.examples import NOON

K = DecisionKind
_ENDS = {
    K.APPROVE: "APPROVED",
    K.EDIT: "APPROVED",
    K.CONFIRM: "APPROVED",
    K.REJECT: "REJECTED",
    K.UNDO: "REJECTED",
    K.RESPOND: "RESPONDED",
    K.WITHDRAW: "WITHDRAWN",
    K.EXPIRE: "EXPIRED",
    K.SUPERSEDE: "SUPERSEDED",
}


@dataclass
class Gate:
    """A gate, and who has spoken for it."""

    request: ApprovalRequested
    state: str = "PENDING"
    closed_by: DecisionMade | None = None
    voices: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Early:
    """A claim that waits for an earlier revision."""

    record: PlanRecord
    since: datetime

    def order(self) -> tuple[int, str, datetime, str]:
        """Whose turn comes first."""
        return self.record.revision, type(self.record).__name__, self.since, claim_id(self.record)


Turn = tuple[int | None, PlanRecord, datetime]  # the place in the batch, None where it waited


class Reference:
    """The model of the store."""

    def __init__(self) -> None:
        self.catalogue: Catalogue = CATALOGUE
        self.gates: dict[UUID, Gate] = {}
        self.heard: dict[UUID, Heard] = {}
        self.under_another_id: set[UUID] = set()
        self.words: dict[UUID, DecisionMade] = {}  # what the gates say of themselves
        self.cleared: dict[str, Cleared] = {}
        self.runs = Runs(self.cleared, NOON)
        self.claims = Claims(self.runs.all)
        self.claims.state = lambda gate: self.gates[gate].state if gate in self.gates else "PENDING"
        self.outcomes = Outcomes(self.cleared, self.gates, self.runs)
        self.claims.may_have_begun = self._may_have_begun
        self.runs.has_outcome = lambda digest: bool(self.outcomes.of(digest))
        self.again: list[Turn] = []  # to be held against what the others of the batch lead to
        self.plans: dict[UUID, list[PlanRecord]] = {}  # what was asked and cleared, by plan
        self.shown: Callable[[UUID], ApprovalRequested]  # a gate as reviewers see it
        self.early: dict[str, Early] = {}
        self.refused_in_turn: dict[str, PlanRecord] = {}  # the clock makes dead letters of them

    def said_by_the_store(self, record: Any) -> None:
        """What is in the outbox is the store's own word."""
        if isinstance(record, ApprovalRequested) and record.request_id not in self.gates:
            self.claims.own.setdefault(record.event_id, record)
            self.runs.asked_whether_it_happened(record)
        elif isinstance(record, DecisionMade):
            self.words.setdefault(record.event_id, record)
        elif isinstance(record, PlanExecuted):
            self.outcomes.note_own(record)

    def take(self, batch: Sequence[Sent], now: datetime) -> set[int]:
        """A batch: questions, then clearances, then outcomes, then what is said about them.

        Returns the places of what becomes a dead letter.
        """
        self.now = now
        dead, opened = self._take_claims(batch)
        for place, each in _only(batch, PlanExecuted):
            if self.outcomes.tell(each.record, each.at):
                dead.add(place)
        self.outcomes.forget_own([each.record for _, each in _only(batch, PlanExecuted)])
        edited = {heard.plan_id for heard in self._hear_what_waited(opened, now) if heard.kind is K.EDIT}
        for place, each in _only(batch, DecisionMade):
            if self._hear(each.record, each.at, now):
                dead.add(place)
        edited |= {
            each.record.plan_id for _, each in _only(batch, DecisionMade) if each.record.kind is K.EDIT
        }
        while edited:
            opened = self._take_turns(self._early(edited), dead)
            edited = {heard.plan_id for heard in self._hear_what_waited(opened, now) if heard.kind is K.EDIT}
        return dead

    def _hear_what_waited(self, opened: set[UUID], now: datetime) -> list[DecisionMade]:
        waited = [one for one in self.heard.values() if one.fate == "WAITING"]
        of_these = [one for one in waited if one.said.request_id in opened or one.said.kind is K.SUPERSEDE]
        for heard in of_these:
            self._hear(heard.said, heard.at, now)
        return [heard.said for heard in of_these if heard.said.request_id in opened]

    def give_up(self, record: Any) -> None:
        """It waited too long; said again, it is new."""
        if isinstance(record, DecisionMade):
            del self.heard[record.event_id]
        elif isinstance(record, PlanExecuted):
            self.outcomes.give_up(record)
        else:
            name = claim_id(record)
            del (self.refused_in_turn if name in self.refused_in_turn else self.early)[name]

    # --- plans ---

    def _take_claims(self, batch: Sequence[Sent]) -> tuple[set[int], set[UUID]]:
        dead: set[int] = set()
        requests, clearances = (self._in_turn(batch, kind) for kind in (ApprovalRequested, PlanCleared))
        cleared_at = {record.digest: at for _, record, at in reversed(clearances)}
        late = [one for one in requests if cleared_at.get(one[1].digest, one[2]) < one[2]]
        turn = [*(one for one in requests if one not in late), *clearances]
        return dead, self._take_turns(turn, dead, late)

    def _in_turn(self, batch: Sequence[Sent], kind: type[Any]) -> list[Turn]:
        turn: list[Turn] = [(place, each.record, each.at) for place, each in _only(batch, kind)]
        return sorted(turn, key=lambda one: one[1].revision)

    def _take_turns(self, turn: list[Turn], dead: set[int], late: Sequence[Turn] = ()) -> set[UUID]:
        """Returns the gates that are there now. What is late is held against what the others have led to."""
        opened: set[UUID] = set()
        tried: set[str] = set()
        while turn or late:
            self.again = []
            plans = self._take_turn(turn, dead, opened)
            tried |= {claim_id(record) for place, record, _ in turn if place is None}
            again = sorted([*late, *self.again], key=lambda one: (one[0] is None, one[2]))
            turn = [*again, *(each for each in self._early(plans) if claim_id(each[1]) not in tried)]
            late = ()
        return opened

    def _early(self, plans: set[UUID]) -> list[Turn]:
        """What waits about these, in its order."""
        waits = [one for one in self.early.values() if one.record.plan_id in plans]
        return [(None, one.record, self.now) for one in sorted(waits, key=Early.order)]

    def _take_turn(self, turn: Sequence[Turn], dead: set[int], opened: set[UUID]) -> set[UUID]:
        """Returns the plans of services of which something counts."""
        repeats: list[Turn] = []
        clearing: set[str] = set()  # by digest
        through = [pair for each in turn if (pair := self._hold(each, dead, repeats, clearing))]
        self._note_asked([ours for _, _, ours in through])
        for place, record, ours in through:
            if type(ours) is not type(record) or getattr(ours, "attempt", 1) != getattr(record, "attempt", 1):
                self.claims.asked_anew(record, ours)
                self._bury(place, record, dead)
        for place, record, _ in repeats:
            if self.claims.is_asked_otherwise(record):
                self._bury(place, record, dead)
        questions = [ours for _, _, ours in through if isinstance(ours, ApprovalRequested)]
        cleared = [ours for _, _, ours in through if isinstance(ours, PlanCleared)]
        for request in questions:
            self.gates.setdefault(request.request_id, Gate(self._as_shown(request)))
            opened.add(request.request_id)
        opened.update(self.claims.anew)
        counted = {id(record) for _, record, _ in through}
        appended: dict[str, datetime] = {}  # of several that clear one plan the first counts
        for place, record, at in turn:
            if place is not None and isinstance(record, PlanCleared) and id(record) in counted:
                appended.setdefault(record.digest, at)
        for word in cleared:
            self._clear(word, appended.get(word.digest))
        self._revoke_older([*filter(asks_before, questions), *cleared])
        return {record.plan_id for _, record, _ in through if record.run is None}

    def _hold(
        self, turn: Turn, dead: set[int], repeats: list[Turn], clearing: set[str]
    ) -> tuple[int | None, PlanRecord, PlanRecord] | None:
        """A claim that counts, and what it is in our own words; what says it once more is among `repeats`."""
        place, record, at = turn
        taken = self.claims.take(record, clearing)
        if taken in (Taken.EARLY, Taken.AGAIN):
            self._put_off(turn, taken)
            return None
        if place is None:
            del self.early[claim_id(record)]
        if taken is Taken.REFUSED:
            self._bury(place, record, dead)
        if taken is Taken.KNOWN:
            repeats.append(turn)
        ours: PlanRecord
        if taken is Taken.OTHERWISE:
            return self._hold_against_other_words(turn, dead)
        if taken is Taken.COUNTS and self.claims.differs(record):
            before = self.claims.asked[record.digest][-1]
            ours = asked_in_nobodys_words(record, before, at, self.catalogue)
            self.claims.disputed.add(record.digest)
        elif taken is Taken.COUNTS:
            ours = judged(record, at, self.catalogue, self._older(record))
        elif taken is Taken.OWN:
            ours = record
        else:
            return None
        if isinstance(record, PlanCleared):
            clearing.add(record.digest)
        if isinstance(ours, PlanCleared) or asks_before(ours):
            self.plans.setdefault(record.plan_id, []).append(ours)
        if ours.digest not in self.claims.disputed:
            self._note_asked([ours])
        return place, record, ours

    def _note_asked(self, asked: Iterable[PlanRecord]) -> None:
        """What is asked in nobody's words is known to be so from the next turn on."""
        for ours in asked:
            known = self.claims.asked[ours.digest]
            if isinstance(ours, ApprovalRequested) and asks_before(ours) and ours.run is None:
                known += [] if ours in known else [ours]

    def _put_off(self, turn: Turn, taken: Taken) -> None:
        if taken is Taken.AGAIN:
            self.again.append(turn)
        else:
            self.early.setdefault(claim_id(turn[1]), Early(turn[1], self.now))

    def _hold_against_other_words(
        self, turn: Turn, dead: set[int]
    ) -> tuple[int | None, PlanRecord, PlanRecord] | None:
        """A plan that was cleared in other words, and that nobody has begun: the stricter ones stand."""
        place, record, at = turn
        older = self._older(record)
        if record.digest in self.claims.disputed or may_run(record, at, self.catalogue, older):
            self._bury(place, record, dead)
            return None
        ours = asked_in_nobodys_words(record, self.claims.first_words[record.digest], at, self.catalogue)
        self.claims.disputed.add(record.digest)
        self.cleared[record.digest].stale = True
        self.plans.setdefault(record.plan_id, []).append(ours)
        return place, record, ours

    def _may_have_begun(self, digest: str) -> bool:
        """By the ledger, an executor's word or an outcome; what is revoked nobody asks about."""
        cleared = self.cleared[digest]
        at_it = self.outcomes.begun.get((cleared.plan, digest))
        ran = any(
            told.outcome.status is not OutcomeStatus.NOT_RUN for told in self.outcomes.of(digest).values()
        )
        said = at_it is not None and at_it >= cleared.since
        return cleared.revoked or ran or said or self.runs.effects.begun_under(digest)

    def _bury(self, place: int | None, record: PlanRecord, dead: set[int]) -> None:
        """What waited has no place in the batch any more: the clock tells of it, at once."""
        if place is None:
            self.refused_in_turn[claim_id(record)] = record
        else:
            dead.add(place)

    def _older(self, record: PlanRecord) -> list[PlanRecord]:
        """The older revisions of a service's plan."""
        known = self.plans.get(record.plan_id, ()) if record.run is None else ()
        return [each for each in known if each.revision < record.revision]

    def _as_shown(self, ours: ApprovalRequested) -> ApprovalRequested:
        """The words are the catalogue's; what counts of them is what the law says."""
        shown = self.shown(ours.request_id)
        same = ("digest", "plan_id", "revision", "attempt", "kind", "timing", "tier", "goal", "run")
        assert all(getattr(shown, name) == getattr(ours, name) for name in same)
        assert shown.review.terms == ours.review.terms
        return shown

    def _clear(self, word: PlanCleared, appended_at: datetime | None) -> None:
        steps, since = {s.step_id: s for s in word.steps}, appended_at or word.cleared_at
        self.cleared[word.digest] = Cleared(
            word.plan_id, word.revision, steps, None, since, appended_at, word.run
        )
        if word.run:
            self.runs.answer(word.run, word.plan_id, word.digest)
        self.outcomes.hear_what_waited(word.digest)

    def _revoke_older(self, newer: Iterable[PlanRecord]) -> None:
        """A newer revision of a service's plan takes the place of an older one that nobody began."""
        for record in newer:
            for digest, cleared in self.cleared.items() if record.run is None else ():
                older = cleared.plan == record.plan_id and cleared.revision < record.revision
                if older and not self.runs.effects.begun_under(digest):
                    cleared.revoked = True

    # --- decisions ---

    def _hear(self, said: DecisionMade, at: datetime, now: datetime) -> bool:
        """Whether it becomes a dead letter."""
        before, gate = self.heard.get(said.event_id), self.gates.get(said.request_id)
        repeats = before is not None and before.said == said
        if before and repeats:
            undecidable = gate is None and said.request_id not in self.claims.anew
            if undecidable or before.fate != "WAITING":
                return False
            at = at if is_ours(said) else before.at
        if gate and is_ours(said):
            return self._hear_ours(gate, said, at, now, before)
        if (before and not repeats) or takes_an_id(said):
            return True
        self.heard[said.event_id] = Heard(said, at, self._fate(gate, said, at))
        return False

    def _hear_ours(
        self, gate: Gate, said: DecisionMade, at: datetime, now: datetime, before: Heard | None
    ) -> bool:
        """A word of the clock or the gate counts only where the store would say it; its id nobody takes."""
        repeats = before is not None and before.said == said
        known = gates_own_word(said, gate.request, self.words, at, now)
        if gate.state == "PENDING" and not known:
            return not repeats
        fate = self._rule(gate, said, at)
        if before is None or repeats:
            self.heard[said.event_id] = Heard(said, at, fate)
        elif fate == "DECIDED":
            self.under_another_id.add(said.event_id)
        return False

    def _fate(self, gate: Gate | None, said: DecisionMade, at: datetime) -> str:
        if is_misdated(said, at) and not is_ours(said):
            return "INERT"
        if gate is None:
            return "INERT" if said.request_id in self.claims.anew else "WAITING"
        return self._rule(gate, said, at)

    def _rule(self, gate: Gate, said: DecisionMade, at: datetime) -> str:
        said = counts(said, at)
        if gate.state != "PENDING" or not self._counts(gate, said):
            return "INERT"
        if said.kind in (K.APPROVE, K.CONFIRM):
            gate.voices.add(_key(said))
            if len(gate.voices) < gate.request.review.terms.quorum:
                return "COUNTED"
        self._close(gate, said)
        return "DECIDED"

    def _counts(self, gate: Gate, said: DecisionMade) -> bool:
        request = gate.request
        same = (said.plan_id, said.revision, said.digest) == (
            request.plan_id,
            request.revision,
            request.digest,
        )
        replaced = self._is_replaced(request) and not is_ours(said)
        return same and not replaced and may_speak(request, said) and self._fits(gate, said)

    def _is_replaced(self, request: ApprovalRequested) -> bool:
        """A newer revision of a service's plan, or another question, was taken: nobody decides on the old."""
        known = self.plans.get(request.plan_id, ()) if request.run is None and asks_before(request) else ()
        anew = [
            each for each in known if isinstance(each, ApprovalRequested) and each.attempt > request.attempt
        ]
        return any(each.revision > request.revision for each in known) or any(
            each.revision == request.revision for each in anew
        )

    def _fits(self, gate: Gate, said: DecisionMade) -> bool:
        request = gate.request
        if said.kind in (K.APPROVE, K.CONFIRM) and _key(said) in gate.voices:
            return False
        if said.kind is not K.EDIT and said.steps:
            return False
        if said.kind is K.EDIT:
            tiered = self._tier_again(request, said) if said.steps else "no steps"
            one_voice = isinstance(tiered, AsEdited) and request.review.terms.quorum == 1
            return one_voice or isinstance(tiered, ApprovalRequested)
        if said.kind is K.UNDO:
            return self._leaves_something(request, said)
        return said.kind is not K.RESOLVE or said.resolution not in (None, Resolution.UNKNOWN)

    def _tier_again(
        self, request: ApprovalRequested, said: DecisionMade
    ) -> ApprovalRequested | AsEdited | str:
        return retier(request, said, self.catalogue)

    def _leaves_something(self, request: ApprovalRequested, said: DecisionMade) -> bool:
        """Whether there is anything to take back, and a way to."""
        told = self.outcomes.last_of(request.digest)
        if told is None or request.digest not in self.cleared:
            return False
        return self.outcomes.can_be_undone(request, said, told, self.catalogue)

    def _close(self, gate: Gate, said: DecisionMade) -> None:
        request, gate.closed_by = gate.request, said
        if said.kind is K.RESOLVE:
            gate.state = "REJECTED" if said.resolution is Resolution.ABANDON else "APPROVED"
            assert said.resolution
            self.runs.resolve(request, said.resolution)
            return
        superseded = said.kind is K.EDIT and isinstance(self._tier_again(request, said), ApprovalRequested)
        gate.state = "SUPERSEDED" if superseded else _ENDS[said.kind]
        if said.kind is K.EDIT:
            self._revise(request, said)
        if not asks_before(request) or gate.state == "SUPERSEDED":
            return
        digest = self._approve(request, said) if gate.state == "APPROVED" else None
        if request.run:
            self.runs.answer(request.run, request.plan_id, digest)

    def _revise(self, request: ApprovalRequested, said: DecisionMade) -> None:
        """What an edit made of a plan is its next revision."""
        digest = plan_digest(request.plan_id, request.revision + 1, said.steps or (), request.run)
        made = msgspec.structs.replace(request, revision=request.revision + 1, digest=digest)
        self.claims.owners[request.plan_id].digests.setdefault(made.revision, digest)
        self._revoke_older([made])

    def _approve(self, request: ApprovalRequested, said: DecisionMade) -> str:
        steps = said.steps or request.steps
        revision = request.revision + (1 if said.steps else 0)
        digest = plan_digest(request.plan_id, revision, steps, request.run)
        holds = timedelta(seconds=request.review.terms.use_by_s)
        use_by = later(said.decided_at, holds)
        before = self.cleared.get(digest)
        self.cleared[digest] = Cleared(
            request.plan_id,
            revision,
            {s.step_id: s for s in steps},
            use_by,
            said.decided_at,
            said.decided_at,
            request.run,
            later(use_by, holds),
            request.attempt,
            {**before.earlier, before.attempt: before.since} if before and before.use_by else {},
            revoked=before is not None and before.revoked,
        )
        self.claims.cleared.add(digest)
        self.claims.first_words.pop(digest, None)  # from now on a human cleared it
        if before is None:
            self.outcomes.hear_what_waited(digest)
        return digest


def _key(said: DecisionMade) -> str:
    return name_key(said.decided_by)


def _only(batch: Sequence[Sent], kind: type[Any]) -> list[tuple[int, Sent]]:
    return [(place, each) for place, each in enumerate(batch) if type(each.record) is kind]
