"""What the laws say about outcomes: an executor is believed about what was cleared, beside the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gate_events.records import ApprovalRequested, DecisionMade, PlanExecuted, StepResult
from gate_events.words import OutcomeStatus, StepStatus
from gate_policy.catalogue import Catalogue
from stream_apps.gatekeeper.undo import undo_plan
from tests.model.reference_claims import asks_before
from tests.model.reference_runs import Cleared, Runs

_TOLD = {
    "SUCCEEDED": StepStatus.SUCCEEDED,
    "FAILED": StepStatus.FAILED,
    "IN_DOUBT": StepStatus.IN_DOUBT,
    "CLAIMED": StepStatus.IN_DOUBT,
    "RETRY": StepStatus.SKIPPED,
}


Key = tuple[UUID, str, int]


@dataclass
class Told:
    """An outcome, and the broker's moment."""

    outcome: PlanExecuted
    at: datetime


class Outcomes:
    """What was told of each plan, by plan, digest and attempt."""

    def __init__(self, cleared: dict[str, Cleared], gates: Mapping[UUID, Any], runs: Runs) -> None:
        self.cleared = cleared
        self.gates = gates
        self.runs = runs
        self.all: dict[Key, Told] = {}  # the first of each attempt; of what is not cleared yet, it waits
        self.beside: list[Told] = []  # what says otherwise than the first that waits
        self.aside: list[Told] = []  # what turned out not to count
        self.begun: dict[tuple[UUID, str], datetime] = {}  # when somebody last was at a plan of a service
        self.own: dict[Key, PlanExecuted | None] = {}  # what runs told; None: it came back

    def note_own(self, told: PlanExecuted) -> None:
        """What a run tells as it ends: others do not tell it in other words."""
        self.own.setdefault(_key(told), told)

    def forget_own(self, told: Iterable[PlanExecuted]) -> None:
        """It came back."""
        for each in told:
            if self.own.get(_key(each)) == each:
                self.own[_key(each)] = None

    def of(self, digest: str) -> dict[int, Told]:
        """What is believed of a cleared plan, by attempt."""
        plan = self.cleared.get(digest)
        if plan is None:
            return {}
        return {
            attempt: told
            for (plan_id, name, attempt), told in self.all.items()
            if (plan_id, name) == (plan.plan, digest)
        }

    def last_of(self, digest: str) -> PlanExecuted | None:
        told = self.of(digest)
        return told[max(told)].outcome if told else None

    def give_up(self, told: PlanExecuted) -> None:
        """It waited in vain, or did not count."""
        for others in (self.aside, self.beside):
            found = [each for each in others if each.outcome == told]
            if found:
                others.remove(found[0])
                return
        assert self.all[_key(told)].outcome == told
        assert told.digest not in self.cleared or self.cleared[told.digest].plan != told.plan_id
        del self.all[_key(told)]

    def tell(self, told: PlanExecuted, at: datetime) -> bool:
        """What an executor says counts only of what was cleared, and where the ledger agrees.

        Whether it becomes a dead letter.
        """
        plan = self.cleared.get(told.digest)
        own = self.own.get(_key(told))
        if told.attempt < 1 or self._is_not_the_runs(plan, told, own):
            return True
        if self._is_unasked_for(plan, told) if plan else self._is_unapproved(told):
            return True
        if told.status is OutcomeStatus.BEGUN:
            return self._is_begun(plan, told, at)
        if plan and (self._is_early(plan, told, at) or not self._agrees(plan, told)):
            return True
        before = self.all.get(_key(told))
        if before is None or (own == told != before.outcome):
            self._believe(plan, Told(told, at))
        elif plan and plan.run:
            return told != before.outcome
        elif _says(before.outcome) != _says(told):
            self._contradict(plan, before, Told(told, at))
        return False

    def _is_begun(self, plan: Cleared | None, told: PlanExecuted, at: datetime) -> bool:
        """Of a service nothing follows but that it may have begun; a run's resumer never says it."""
        if plan is not None and plan.run is not None:
            return True
        key = told.plan_id, told.digest
        self.begun[key] = max(at, self.begun.get(key, at))
        return False

    def _is_not_the_runs(self, plan: Cleared | None, told: PlanExecuted, own: PlanExecuted | None) -> bool:
        """A run told otherwise; or nothing of this attempt, since it was asked again."""
        if own is not None:
            return own != told
        known = self.all.get(_key(told))
        is_of_before = plan is not None and plan.run is not None and told.attempt < plan.attempt
        return is_of_before and (known is None or known.outcome != told)

    def _contradict(self, plan: Cleared | None, before: Told, told: Told) -> None:
        """Of two that differ neither is believed, but where the ledger knows; what waits waits both."""
        if plan is None:
            says = [_says(each.outcome) for each in self.beside if _key(each.outcome) == _key(told.outcome)]
            if _says(told.outcome) not in says:
                self.beside.append(told)
        elif self._by_ledger(plan):
            self._believe(plan, told)
        else:
            self.runs.effects.contradict(before.outcome, told.outcome, plan.steps)

    def hear_what_waited(self, digest: str) -> None:
        """Nobody executes a plan before its approval; of those that are left and differ none is believed."""
        plan = self.cleared[digest]
        waited = [
            told for (plan_id, name, _), told in self.all.items() if (plan_id, name) == (plan.plan, digest)
        ]
        beside = [each for each in self.beside if _key(each.outcome)[:2] == (plan.plan, digest)]
        self.beside = [each for each in self.beside if each not in beside]
        sound: dict[int, list[Told]] = {}
        for told in [*waited, *beside]:
            self.all.pop(_key(told.outcome), None)
            early = told.outcome.attempt > plan.attempt or self._is_early(plan, told.outcome, told.at)
            before = plan.run and told.outcome.attempt < plan.attempt and not self._did_not_run(told.outcome)
            if early or before or not self._agrees(plan, told.outcome):
                self.aside.append(told)
            else:
                sound.setdefault(told.outcome.attempt, []).append(told)
        for _, found in sorted(sound.items()):
            self._believe(plan, found[0])
        for _, (first, *others) in sorted(sound.items()):
            for other in others:
                self.runs.effects.contradict(first.outcome, other.outcome, plan.steps)

    def can_be_undone(
        self, request: ApprovalRequested, said: DecisionMade, told: PlanExecuted, catalogue: Catalogue
    ) -> bool:
        """As the catalogue has it, of what was done as the ledger knows it."""
        plan = self.cleared[request.digest]
        results = {each.step_id: each for each in told.results}
        for name, effect in self.runs.effects.of(plan.plan, plan.steps).items():
            known = results.get(name) or StepResult(
                step_id=name, status=StepStatus.SKIPPED, finished_at=told.executed_at
            )
            results[name] = msgspec.structs.replace(known, status=_TOLD[effect.state])
        outcome = msgspec.structs.replace(told, results=tuple(results.values()))
        return not isinstance(undo_plan(request, said, outcome, catalogue), str)

    def _is_unapproved(self, told: PlanExecuted) -> bool:
        """A human was asked, and neither approved nor may still approve."""
        asked = [
            gate
            for gate in self.gates.values()
            if asks_before(gate.request)
            and (gate.request.plan_id, gate.request.digest) == (told.plan_id, told.digest)
        ]
        alive = any(gate.state in ("PENDING", "APPROVED") for gate in asked)
        return bool(asked) and not alive and has_run(told)

    def _is_unasked_for(self, plan: Cleared, told: PlanExecuted) -> bool:
        """An attempt is the one that was allowed, or a human let it be tried again; else it did not run."""
        before = self.all.get(_key(told))
        if told.attempt <= self._allowed(plan, told.digest) or (before and has_run(before.outcome)):
            return False
        return has_run(told) or not self._was_given_up(told)

    def _allowed(self, plan: Cleared, digest: str) -> int:
        known = self.runs.effects.of(plan.plan, plan.steps)
        retried = not self._by_ledger(plan) and any(each.state == "RETRY" for each in known.values())
        return max([plan.attempt, *(one + 1 for one in self.of(digest))]) if retried else plan.attempt

    def _was_given_up(self, told: PlanExecuted) -> bool:
        """A human was asked for this attempt, and did not allow it."""
        return any(
            asks_before(gate.request) and gate.state not in ("PENDING", "APPROVED")
            for gate in self.gates.values()
            if (gate.request.digest, gate.request.attempt) == (told.digest, told.attempt)
        )

    def _did_not_run(self, told: PlanExecuted) -> bool:
        """Nor was it allowed to at this attempt, as a human said or the clock."""
        return not has_run(told) and any(
            asks_before(gate.request) and gate.state not in ("PENDING", "APPROVED", "SUPERSEDED")
            for gate in self.gates.values()
            if (gate.request.digest, gate.request.attempt) == (told.digest, told.attempt)
        )

    def _is_early(self, plan: Cleared, told: PlanExecuted, at: datetime) -> bool:
        """Nobody can execute a plan before its clearance is on the log; a verdict follows its decision."""
        if told.attempt < plan.attempt:
            return told.attempt in plan.earlier and at <= plan.earlier[told.attempt]
        if plan.log_since is None:
            return False
        return at < plan.log_since or (plan.use_by is not None and at == plan.log_since)

    def _believe(self, plan: Cleared | None, told: Told) -> None:
        """What a service did without the ledger is in the ledger once it is told and cleared."""
        by_ledger = plan is not None and self._by_ledger(plan)
        self.all[_key(told.outcome)] = told
        if plan and not by_ledger:
            self.runs.effects.note(told.outcome, plan.steps)

    def _by_ledger(self, plan: Cleared) -> bool:
        known = self.runs.effects.of(plan.plan, plan.steps)
        return plan.run is not None or any(each.token for each in known.values())

    def _agrees(self, plan: Cleared, told: PlanExecuted) -> bool:
        never = told.attempt < plan.attempt and not plan.run and told.attempt not in plan.earlier
        if never or (told.plan_id, told.revision) != (plan.plan, plan.revision):
            return False
        names = [each.step_id for each in told.results]
        if len(set(names)) < len(names) or not set(names) <= set(plan.steps):
            return False
        run = self.runs.all.get(plan.run.thread_id) if plan.run else None
        is_at_it = run and run.plan == plan.plan and run.status not in ("DONE", "FAILED", "STALE")
        if is_at_it and not (told.attempt < plan.attempt and self._did_not_run(told)):
            return False
        known = self.runs.effects.of(plan.plan, plan.steps)
        if not self._by_ledger(plan):
            return True
        if not plan.run and any(each.state == "CLAIMED" for each in known.values()):
            return False
        said = {result.step_id: result.status for result in told.results}
        return all(
            said.get(name, StepStatus.SKIPPED)
            is (_TOLD[known[name].state] if name in known else StepStatus.SKIPPED)
            for name in plan.steps
        )


def has_run(told: PlanExecuted) -> bool:
    """Whether anything was tried."""
    tried = any(each.status is not StepStatus.SKIPPED for each in told.results)
    return tried or told.status is not OutcomeStatus.NOT_RUN


def _key(told: PlanExecuted) -> Key:
    return told.plan_id, told.digest, told.attempt


def _says(told: PlanExecuted) -> tuple[Any, ...]:
    tried = {each.step_id: each.status for each in told.results if each.status is not StepStatus.SKIPPED}
    return tried, has_run(told)
