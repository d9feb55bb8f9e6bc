"""Which records about plans may count at all: each is a claim, held against what the store knows.

What passes is judged by the gatekeeper's own catalogue before anything follows from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from gate_events.ids import plan_id_of_pause, proposal_id, request_id
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import RunIdentity
from gate_events.words import RequestKind, Timing
from gate_store.asked_anew import gates_asked_anew
from gate_store.claim_content import foreign_id, other_content, unseen_name
from gate_store.dialects import lock_names, read
from gate_store.judged_words import (
    CLEARED_IN_OTHER_WORDS,
    asked_in_words,
    cleared_otherwise,
    same_words,
)
from gate_store.own_requests import forget, on_their_way, own, proposed_by_runs
from gate_store.plan_lookups import (
    KnownGate,
    cleared_in_words,
    doubted_steps,
    gates_of,
    plans_of_runs,
    runs_of,
)
from gate_store.plan_owners import PlanRecord, note_revisions, owner_of, owners
from gate_store.queued_plans import as_which_asked, ever_queued, queued
from gate_store.superseding import NEWER_REVISION, asks_before

CLEARED_ALREADY = "this very plan was cleared already: nothing is left to ask"


@dataclass(frozen=True, slots=True)
class PlanClaim:
    """A record about a plan; `position` is its place in the batch, None where it waited in the store.

    `queued`: it waited until its agent had fewer open gates.
    """

    record: PlanRecord
    position: int | None = None
    queued: bool = False


@dataclass(slots=True)
class Admitted:
    """What is left of a batch of claims."""

    own: list[PlanClaim] = field(default_factory=list)  # our own questions, come back as they were said
    to_judge: list[PlanClaim] = field(default_factory=list)  # what a router says
    early: list[PlanClaim] = field(default_factory=list)  # an earlier revision has not come yet
    repeats: list[PlanClaim] = field(default_factory=list)  # what the store or this batch has already
    asked_otherwise: dict[UUID, UUID] = field(default_factory=dict)  # of these: the gate in a request's place
    refused: list[tuple[PlanClaim, str]] = field(default_factory=list)  # and why
    again: list[PlanClaim] = field(default_factory=list)  # to be held against what the others lead to
    # what is said now in other words, by digest
    cleared_otherwise: Mapping[str, PlanCleared] = field(default_factory=dict)
    asked_before: Mapping[str, ApprovalRequested] = field(default_factory=dict)
    cleared_words: Mapping[str, PlanCleared] = field(default_factory=dict)  # of services' plans
    queued: Sequence[ApprovalRequested] = ()  # of these plans and runs: what waits to be asked


def admit(conn: Connection, claims: Sequence[PlanClaim]) -> Admitted:
    """Hold claims against the store, in order. Of what counts in the end, `note_taken` next."""
    admitted = Admitted()
    if not claims:
        return admitted
    known = KnownPlans(conn, claims)
    admitted.cleared_otherwise = known.cleared_otherwise
    admitted.asked_before = known.asked_before
    admitted.cleared_words = known.cleared_words
    admitted.queued = known.queued
    for claim in claims:
        if known.is_cleared_otherwise_now(claim.record):
            admitted.again.append(claim)
            continue
        why = _objection(known, claim.record)
        if why is not None:
            admitted.refused.append((claim, why))
        elif known.repeats(claim.record):
            admitted.repeats.append(claim)
            admitted.asked_otherwise |= known.asked_otherwise(claim.record)
        elif known.is_early(claim.record):
            admitted.early.append(claim)
        else:
            where = admitted.own if known.is_own(claim.record) else admitted.to_judge
            where.append(claim)
            known.note(claim.record)
    forget(conn, [claim.record.event_id for claim in claims if known.is_own(claim.record)])
    return admitted


def note_taken(conn: Connection, taken: Sequence[PlanRecord], now: datetime) -> None:
    """Note the revisions of what was asked before it runs, or cleared."""
    note_revisions(conn, taken, now)
    forget(conn, [proposal_id(record.plan_id) for record in taken if record.run])


def _objection(known: "KnownPlans", record: PlanRecord) -> str | None:
    """Why a claim does not count."""
    if why := unseen_name(record) or other_content(record):
        return why
    if isinstance(record, ApprovalRequested):
        if why := known.other_gate(record):
            return known.not_the_owners(record) or why
        if known.is_own(record) or known.repeats(record):
            return None
        if not _is_routed(record):
            return known.not_asked(record) or foreign_id(record)
    elif known.clears_once_more(record):
        return known.cleared_in_other_words(record)
    why = foreign_id(record) or known.not_the_runs(record) or known.not_the_owners(record)
    return why or known.replaced(record) or known.stricter(record)


def _is_routed(request: ApprovalRequested) -> bool:
    """Whether a router may ask this: all other questions are the store's own."""
    return asks_before(request) and request.attempt == 1


def _is_a_services(record: PlanRecord) -> bool:
    """Whether a router may say this about the plan of a service."""
    return record.run is None and (isinstance(record, PlanCleared) or _is_routed(record))


def _is_revision(record: PlanRecord) -> bool:
    """Whether a reviewer's edit may have made it: we then ask about it ourselves."""
    return record.run is None and record.revision > 1


def _first_gate(record: PlanRecord) -> UUID:
    return request_id(record.plan_id, record.revision, RequestKind.PLAN, Timing.BEFORE)


def _asks_or_clears(record: PlanRecord) -> bool:
    return not isinstance(record, ApprovalRequested) or asks_before(record)


class KnownPlans:
    """What the store knows about the plans, runs and gates of a batch."""

    def __init__(self, conn: Connection, claims: Sequence[PlanClaim], *, lock: bool = True) -> None:
        records = [claim.record for claim in claims]
        requests = [each for each in records if isinstance(each, ApprovalRequested)]
        plan_ids = {each.plan_id for each in records}
        gate_ids = {each.request_id for each in requests}
        if lock:  # the same plan, or an outcome of it, may be coming
            lock_names(conn, plan_ids, gate_ids)
        self._own = {id(each) for each, ours in zip(requests, own(conn, requests), strict=True) if ours}
        self._on_their_way = on_their_way(conn, {_first_gate(each) for each in records if _is_revision(each)})
        coming = {gate: KnownGate(digest, True) for gate, digest in self._on_their_way.items()}
        self._gates = gates_of(conn, plan_ids) | coming
        threads = {each.run.thread_id for each in records if each.run}
        turns = {as_which_asked(claim.record) for claim in claims if claim.queued}
        self.queued = [each for each in queued(conn, plan_ids, threads) if each.request_id not in turns]
        self._queued = {each.request_id: each.digest for each in self.queued}
        self._anew = gates_asked_anew(conn, gate_ids)
        services = {each.digest for each in records if _is_a_services(each)}
        cleared = cleared_in_words(conn, plan_ids, services)
        self._cleared = set(cleared)
        self.cleared_words = {digest: words for digest, words in cleared.items() if words}
        self._owners = owners(conn, plan_ids)
        self._runs = runs_of(conn, threads)
        self._plans_of_runs = plans_of_runs(conn, plan_ids)
        self._proposed = proposed_by_runs(conn, {each.plan_id for each in records if each.run})
        self._doubts = doubted_steps(conn, {each.plan_id for each in requests if each.in_doubt})
        told = [each for each in records if _is_a_services(each) and self.asks(each.digest) is None]
        self.cleared_otherwise = cleared_otherwise(conn, told if lock else (), self.cleared_words)
        self._cleared_now: dict[str, PlanCleared] = {}  # by this batch
        asked_again = [each for each in records if _is_a_services(each) and self.asks(each.digest)]
        self._words = asked_in_words(conn, asked_again if lock else ())
        for question in self.queued:
            self._words.note_queued(question)
        self._replaced = self._replaced_of(conn, records)
        self.asked_before = self._words.last

    def _replaced_of(self, conn: Connection, records: Sequence[PlanRecord]) -> set[str]:
        """What waited of older revisions, and what a newer one took the place of before it was asked."""
        older = {each.plan_id for each in records if self._is_older(each)}
        return {each.digest for each in ever_queued(conn, older)}

    def _is_older(self, record: PlanRecord) -> bool:
        owner = self._owners.get(record.plan_id)
        return record.run is None and owner is not None and record.revision < owner.last

    def is_own(self, record: PlanRecord) -> bool:
        """Whether it is our own word."""
        return id(record) in self._own

    def other_gate(self, request: ApprovalRequested) -> str | None:
        """The gate's id is taken by another question."""
        gate = self._gates.get(request.request_id)
        if gate is None or gate.digest == request.digest:
            return None
        return f"gate {request.request_id} asks about another content already"

    def repeats(self, record: PlanRecord) -> bool:
        """Whether it says once more what is known."""
        if not isinstance(record, ApprovalRequested):
            return record.digest in self._cleared and not self._is_cleared_otherwise(record)
        if self._says_otherwise(record) or (self.is_own(record) and record.request_id in self._on_their_way):
            return False
        known = record.request_id in self._gates or self._asked_anew(record) is not None
        return known or (_is_routed(record) and self.asks(record.digest) is not None)

    def _says_otherwise(self, record: PlanRecord) -> bool:
        """Whether a service's plan was asked about, and never in these words."""
        return _is_a_services(record) and self._words.differ(record)

    def clears_once_more(self, cleared: PlanCleared) -> bool:
        """Whether it is a late repetition: its run may have gone on."""
        return self.repeats(cleared) and self.asks(cleared.digest) is None

    def _is_cleared_otherwise(self, record: PlanRecord) -> bool:
        """Whether a service's plan that nobody has begun was cleared in other words than these."""
        first = self.cleared_otherwise.get(record.digest)
        return first is not None and not same_words(first, record)

    def is_cleared_otherwise_now(self, record: PlanRecord) -> bool:
        """Whether this batch clears a service's plan in other words than these."""
        first = self._cleared_now.get(record.digest)
        return first is not None and isinstance(record, PlanCleared) and not same_words(first, record)

    def cleared_in_other_words(self, cleared: PlanCleared) -> str | None:
        """Of a service's plan that has begun the first words stay: others are told so."""
        first = self.cleared_words.get(cleared.digest)
        return None if first is None or same_words(first, cleared) else CLEARED_IN_OTHER_WORDS

    def asked_otherwise(self, record: PlanRecord) -> dict[UUID, UUID]:
        """The gate that stands in place of a router's request, where none has its id."""
        if not isinstance(record, ApprovalRequested) or record.request_id in self._gates:
            return {}
        gate_id = self._asked_anew(record) or self.asks(record.digest)
        return {record.request_id: gate_id} if gate_id else {}

    def _asked_anew(self, request: ApprovalRequested) -> UUID | None:
        """The gate that asks about the same content in its place; a plan id's second proposer has its own."""
        gate_id = self._anew.get(request.request_id)
        gate = self._gates.get(gate_id) if gate_id else None
        digest = gate.digest if gate else self._queued.get(gate_id) if gate_id else None
        return gate_id if digest == request.digest else None

    def asks(self, digest: str) -> UUID | None:
        """The gate at which a human was asked whether this very plan may run, or is once its turn comes."""
        gates_of_it = (
            gate_id for gate_id, gate in self._gates.items() if gate.asks_before and gate.digest == digest
        )
        waits = (gate_id for gate_id, asked in self._queued.items() if asked == digest)
        return next(chain(gates_of_it, waits), None)

    def is_early(self, record: PlanRecord) -> bool:
        """Whether an earlier revision has still to come; they travel on two topics."""
        if record.run is not None or not _asks_or_clears(record) or self.is_own(record):
            return False
        owner = self._owners.get(record.plan_id)
        return record.revision > (owner.last if owner else 0) + 1

    def not_asked(self, request: ApprovalRequested) -> str | None:
        """Only the store asks again, asks afterwards and asks about doubts."""
        doubt = request.in_doubt
        # asked before own words were noted: a doubt that stands, and knows no gate of its own
        if doubt and (request.plan_id, doubt.step_id) in self._doubts:
            return None
        what = "whether an effect happened" if doubt else f"a review {request.timing.value}"
        return f"this store has not asked {what} as attempt {request.attempt}: only what it asked is a gate"

    def not_the_runs(self, record: PlanRecord) -> str | None:
        """A run is answered only by its own question."""
        if record.run is None:
            taken = record.plan_id in self._plans_of_runs
            return f"plan {record.plan_id} is what a run asked: only that run answers it" if taken else None
        row = self._runs.get(record.run.thread_id)
        if row is None or row.plan_id != record.plan_id or row.pause is None:
            return f"run {record.run.thread_id} did not ask about plan {record.plan_id}"
        if read(row.pause, RunIdentity) != record.run:
            return f"run {record.run.thread_id} asked about plan {record.plan_id} at another pause"
        return _other_question(row, record) or self._otherwise(record)

    def _otherwise(self, record: PlanRecord) -> str | None:
        asked = self._proposed.get(record.plan_id)
        if asked is None or same_words(asked, record):
            return None
        return f"plan {record.plan_id} was proposed by its run with another proposer, agent, goal or claim"

    def not_the_owners(self, record: PlanRecord) -> str | None:
        """A plan has an owner, and a revision one content."""
        owner = self._owners.get(record.plan_id)
        return owner.objection(record) if owner else None

    def replaced(self, record: PlanRecord) -> str | None:
        """What a newer revision took the place of while it waited was never asked, and is not any more."""
        if record.digest in self._replaced and self._is_older(record) and self.asks(record.digest) is None:
            return NEWER_REVISION.format(self._owners[record.plan_id].last)
        return None

    def stricter(self, record: PlanRecord) -> str | None:
        """A plan judged twice may be judged differently: what was asked is not cleared, nor the reverse."""
        if isinstance(record, ApprovalRequested):
            if self._says_otherwise(record):
                return self._words.answered(record.digest)
            cleared = record.digest in self._cleared and not self._is_cleared_otherwise(record)
            return CLEARED_ALREADY if cleared else None
        if self._is_cleared_otherwise(record):
            return None
        if self._says_otherwise(record) and not (self.repeats(record) or self._words.answered(record.digest)):
            return None
        if gate_id := self.asks(record.digest):
            return f"a human was asked about this plan at gate {gate_id}: only the verdict clears it"
        return None

    def note(self, record: PlanRecord) -> None:
        """Let the next claim of the batch meet what this one leaves behind."""
        if self._is_cleared_otherwise(record):
            return  # whether it leaves anything is for our own judgement to say
        if isinstance(record, ApprovalRequested):
            if _is_a_services(record):
                self._words.note(record)
            self._on_their_way.pop(record.request_id, None)
            self._gates[record.request_id] = KnownGate(record.digest, _asks_or_clears(record))
        else:
            self._cleared.add(record.digest)
            if record.run is None:
                self._cleared_now[record.digest] = record
        if _asks_or_clears(record):
            owner = self._owners.setdefault(record.plan_id, owner_of(record))
            owner.digests.setdefault(record.revision, record.digest)


def _other_question(row: Row[*tuple[Any, ...]], record: PlanRecord) -> str | None:
    """The store's digest decides; older pauses have none, and then the pause names its plan."""
    if row.asked_digest is not None:
        asked = row.asked_digest == record.digest
    else:
        asked = record.run is not None and record.plan_id == plan_id_of_pause(record.run)
        asked = asked and record.revision == 1
    if asked:
        return None
    return f"run {row.thread_id} asked something else: only what its interrupt asked answers it"
