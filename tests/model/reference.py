"""What the laws say about gates, in plain dictionaries. Written from the design, not from the code.

Records are taken one at a time, in the log's order. What a law leaves open (LATE or REFUSED: both change
nothing) is one word here: INERT.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gate_events.digest import plan_digest
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.values import RunIdentity, Step
from gate_events.words import (
    DeciderKind,
    DecisionKind,
    OutcomeStatus,
    RequestKind,
    Resolution,
    StepStatus,
    Timing,
)
from gate_store.verdicts import AsEdited
from tests.model.reference_runs import Runs
from tests.model.universe import retier
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
_BEFORE = {K.APPROVE, K.EDIT, K.REJECT, K.RESPOND, K.WITHDRAW}
_AFTER = {K.CONFIRM, K.UNDO}


@dataclass
class Gate:
    """A gate, and who has spoken for it."""

    request: ApprovalRequested
    state: str = "PENDING"
    closed_by: DecisionMade | None = None
    voices: set[str] = field(default_factory=set)


@dataclass
class Cleared:
    """What may run."""

    plan: UUID
    steps: dict[str, Step]
    use_by: datetime | None
    run: RunIdentity | None = None
    begun_until: datetime | None = None


class Reference:
    """The model of the store."""

    def __init__(self) -> None:
        self.gates: dict[UUID, Gate] = {}
        self.fates: dict[UUID, str] = {}
        self.waiting: dict[UUID, DecisionMade] = {}
        self.cleared: dict[str, Cleared] = {}
        self.outcomes: dict[str, Told] = {}  # by digest
        self.runs = Runs(self.cleared, NOON)

    def take(self, records: Sequence[Any]) -> None:
        """A batch: clearances, then questions, then outcomes, then what is said about them."""
        for each in _only(records, PlanCleared):
            self._clear(each)
        opened = [each.request_id for each in _only(records, ApprovalRequested) if self._open(each)]
        for each in _only(records, PlanExecuted):
            self._tell(each)
        for each in [d for d in self.waiting.values() if d.request_id in opened]:
            self._decide(each)
        for each in _only(records, DecisionMade):
            if each.event_id not in self.fates:
                self._decide(each)

    def give_up(self, decision: DecisionMade) -> None:
        """It waited too long; said again, it is new."""
        del self.waiting[decision.event_id], self.fates[decision.event_id]

    def refused(self, *words: PlanCleared) -> set[UUID]:
        """The stricter way stands: what a human was asked about, the router does not clear."""
        asked = {gate.request.digest for gate in self.gates.values() if asks_before(gate.request)}
        return {word.event_id for word in words if word.digest in asked}

    def _clear(self, word: PlanCleared) -> None:
        if word.digest in self.cleared or word.event_id in self.refused(word):
            return
        steps = {s.step_id: s for s in word.steps}
        self.cleared[word.digest] = Cleared(word.plan_id, steps, None, word.run)
        if word.run:
            self.runs.bind(word.run, word.plan_id)
            self.runs.answer(word.run, word.plan_id, word.digest)
        self._hear_what_waited(word.digest, None)

    def _open(self, request: ApprovalRequested) -> bool:
        if request.request_id in self.gates:
            return False
        self.gates[request.request_id] = Gate(request)
        if request.run and asks_before(request):
            self.runs.bind(request.run, request.plan_id)
        return True

    def _decide(self, said: DecisionMade) -> None:
        gate = self.gates.get(said.request_id)
        if gate is None:
            self.fates[said.event_id] = "WAITING"
            self.waiting[said.event_id] = said
            return
        self.waiting.pop(said.event_id, None)
        self.fates[said.event_id] = self._fate(gate, said)

    def _fate(self, gate: Gate, said: DecisionMade) -> str:
        if gate.state != "PENDING" or not self._counts(gate, said):
            return "INERT"
        if said.kind in (K.APPROVE, K.CONFIRM):
            gate.voices.add(said.decided_by)
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
        return same and _may(request, said) and self._fits(gate, said)

    def _fits(self, gate: Gate, said: DecisionMade) -> bool:
        request = gate.request
        if said.kind in (K.APPROVE, K.CONFIRM) and said.decided_by in gate.voices:
            return False
        if said.kind is not K.EDIT and said.steps:
            return False
        if said.kind is K.EDIT:
            tiered = retier(request, said) if said.steps else "no steps"
            one_voice = isinstance(tiered, AsEdited) and request.review.terms.quorum == 1
            return one_voice or isinstance(tiered, ApprovalRequested)
        if said.kind is K.UNDO:
            return request.digest in self.outcomes and request.digest in self.cleared
        return said.kind is not K.RESOLVE or said.resolution is not None

    def _close(self, gate: Gate, said: DecisionMade) -> None:
        request, gate.closed_by = gate.request, said
        if said.kind is K.RESOLVE:
            gate.state = "REJECTED" if said.resolution is Resolution.ABANDON else "APPROVED"
            assert request.in_doubt
            self.runs.resolve(request.plan_id, request.in_doubt.step_id, request.run, said.resolution)
            return
        superseded = said.kind is K.EDIT and isinstance(retier(request, said), ApprovalRequested)
        gate.state = "SUPERSEDED" if superseded else _ENDS[said.kind]
        if not asks_before(request) or gate.state == "SUPERSEDED":
            return
        digest = self._approve(request, said) if gate.state == "APPROVED" else None
        if request.run:
            self.runs.answer(request.run, request.plan_id, digest)

    def _approve(self, request: ApprovalRequested, said: DecisionMade) -> str:
        steps = said.steps or request.steps
        revision = request.revision + (1 if said.steps else 0)
        digest = plan_digest(request.plan_id, revision, steps, request.run)
        holds = request.review.terms.use_by_s
        use_by = said.decided_at + timedelta(seconds=holds) if holds else None
        fresh = digest not in self.cleared
        begun_until = use_by + timedelta(seconds=holds) if use_by else None
        named = {s.step_id: s for s in steps}
        self.cleared[digest] = Cleared(request.plan_id, named, use_by, request.run, begun_until)
        if fresh:
            self._hear_what_waited(digest, said.decided_at)
        return digest

    def _tell(self, told: PlanExecuted) -> None:
        """What an executor says counts only of what was cleared, and where the ledger agrees."""
        if told.status is OutcomeStatus.BEGUN:
            return
        plan, before = self.cleared.get(told.digest), self.outcomes.get(told.digest)
        if plan is None:
            asked = [g for g in self.gates.values() if _is_about(g, told)]
            alive = any(gate.state in ("PENDING", "APPROVED") for gate in asked)
            if not before and not (asked and not alive and has_run(told)):
                self.outcomes[told.digest] = Told(told, self.runs.now)
        elif self._agrees(plan, told):
            known = self.runs.effects.of(told.plan_id, plan.steps)
            by_ledger = bool(plan.run) or any(each.token for each in known.values())
            if before is None or (by_ledger and _says(before.outcome) != _says(told)):
                self.outcomes[told.digest] = Told(told, self.runs.now)
                self._note_effects(plan, told, by_ledger=by_ledger)
            elif _says(before.outcome) != _says(told):
                self.runs.effects.contradict(before.outcome, told, plan.steps)

    def _hear_what_waited(self, digest: str, approved_at: datetime | None) -> None:
        """Nobody executes a plan before its approval."""
        waited = self.outcomes.pop(digest, None)
        if waited is None or (approved_at and waited.at < approved_at):
            return
        plan = self.cleared[digest]
        if self._agrees(plan, waited.outcome):
            known = self.runs.effects.of(plan.plan, plan.steps)
            self.outcomes[digest] = waited
            self._note_effects(plan, waited.outcome, by_ledger=any(each.token for each in known.values()))

    def _agrees(self, plan: Cleared, told: PlanExecuted) -> bool:
        known = self.runs.effects.of(told.plan_id, plan.steps)
        run = self.runs.all.get(plan.run.thread_id) if plan.run else None
        if run and run.digest == told.digest and run.status in ("READY", "RUNNING", "IN_DOUBT"):
            return False
        if not plan.run and not any(each.token for each in known.values()):
            return True
        if not plan.run and any(each.state == "CLAIMED" for each in known.values()):
            return False
        said = {result.step_id: result.status for result in told.results}
        return all(
            said.get(name, StepStatus.SKIPPED)
            is (_TOLD[known[name].state] if name in known else _TOLD["RETRY"])
            for name in plan.steps
        )

    def _note_effects(self, plan: Cleared, told: PlanExecuted, *, by_ledger: bool) -> None:
        """What a service did without the ledger is in the ledger once it is told and cleared."""
        if not (plan.run or by_ledger):
            self.runs.effects.note(told, plan.steps)


@dataclass
class Told:
    """An outcome, and when it was heard."""

    outcome: PlanExecuted
    at: datetime


_TOLD = {
    "SUCCEEDED": StepStatus.SUCCEEDED,
    "FAILED": StepStatus.FAILED,
    "IN_DOUBT": StepStatus.IN_DOUBT,
    "CLAIMED": StepStatus.IN_DOUBT,
    "RETRY": StepStatus.SKIPPED,
}


def has_run(told: PlanExecuted) -> bool:
    """Whether anything was tried."""
    tried = any(each.status is not StepStatus.SKIPPED for each in told.results)
    return tried or told.status is not OutcomeStatus.NOT_RUN


def _says(told: PlanExecuted) -> tuple[Any, ...]:
    tried = {each.step_id: each.status for each in told.results if each.status is not StepStatus.SKIPPED}
    return tried, has_run(told)


def _is_about(gate: Gate, told: PlanExecuted) -> bool:
    return asks_before(gate.request) and gate.request.digest == told.digest


def asks_before(request: ApprovalRequested) -> bool:
    """Whether it asks if a plan may run."""
    return (request.kind, request.timing) == (RequestKind.PLAN, Timing.BEFORE)


def _may(request: ApprovalRequested, said: DecisionMade) -> bool:  # noqa: PLR0911 - a line a rule
    """Whether this speaker may say this kind of thing now."""
    deadline = request.review.terms.deadline
    if said.kind is K.SUPERSEDE:
        return said.decider is DeciderKind.GATE
    if said.kind is K.EXPIRE:
        return said.decider is DeciderKind.CLOCK and said.decided_at >= deadline
    if said.decided_at > deadline or said.kind not in request.review.terms.allowed:
        return False
    if request.kind is RequestKind.IN_DOUBT:
        asked = {K.RESOLVE}
    else:
        asked = _BEFORE if request.timing is Timing.BEFORE else _AFTER
    if said.kind not in asked:
        return False
    if said.kind is K.WITHDRAW:
        return said.decided_by == request.proposer
    reviewers = request.review.terms.reviewers
    if said.decided_by == request.proposer:
        return False
    if said.decider is DeciderKind.PERSON:
        return not reviewers or said.decided_by in reviewers
    return said.decider is DeciderKind.SERVICE and said.decided_by in reviewers


def _only(records: Sequence[Any], kind: type[Any]) -> list[Any]:
    return [each for each in records if type(each) is kind]
