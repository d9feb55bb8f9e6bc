"""What the laws say about outcomes: an executor is believed about what was cleared, beside the ledger."""

from collections.abc import Mapping
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


@dataclass
class Told:
    """An outcome, and when it was heard."""

    outcome: PlanExecuted
    at: datetime


class Outcomes:
    """What was told of each plan, by digest and attempt."""

    def __init__(self, cleared: dict[str, Cleared], gates: Mapping[UUID, Any], runs: Runs) -> None:
        self.cleared = cleared
        self.gates = gates
        self.runs = runs
        self.all: dict[tuple[str, int], Told] = {}

    def of(self, digest: str) -> dict[int, Told]:
        return {attempt: told for (name, attempt), told in self.all.items() if name == digest}

    def last_of(self, digest: str) -> PlanExecuted | None:
        told = self.of(digest)
        return told[max(told)].outcome if told else None

    def give_up(self, told: PlanExecuted) -> None:
        known = self.all.get((told.digest, told.attempt))
        if known and known.outcome == told:
            del self.all[told.digest, told.attempt]

    def tell(self, told: PlanExecuted, now: datetime) -> bool:
        """What an executor says counts only of what was cleared, and where the ledger agrees.

        Whether it becomes a dead letter.
        """
        plan = self.cleared.get(told.digest)
        if told.attempt < 1 or (plan is None and self._is_unapproved(told)):
            return True
        if told.status is OutcomeStatus.BEGUN:
            if plan and not plan.run:
                plan.begun = True
            return plan is not None and plan.run is not None
        if plan and not self._agrees(plan, told):
            return True
        before = self.all.get((told.digest, told.attempt))
        if before is None:
            if plan and told.attempt > max([plan.attempt, *(one + 1 for one in self.of(told.digest))]):
                return True
            self._believe(plan, told, now)
        elif _says(before.outcome) != _says(told):
            if plan is None:
                return True
            if self._by_ledger(plan):
                self._believe(plan, told, now)
            else:
                self.runs.effects.contradict(before.outcome, told, plan.steps)
        return False

    def hear_what_waited(self, digest: str, approved_at: datetime | None, now: datetime) -> None:
        """Nobody executes a plan before its approval."""
        plan = self.cleared[digest]
        for attempt, waited in sorted(self.of(digest).items()):
            del self.all[digest, attempt]
            early = approved_at is not None and waited.at < approved_at
            if not early and attempt <= plan.attempt and self._agrees(plan, waited.outcome):
                self._believe(plan, waited.outcome, waited.at)
        del now

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
            if asks_before(gate.request) and gate.request.digest == told.digest
        ]
        alive = any(gate.state in ("PENDING", "APPROVED") for gate in asked)
        return bool(asked) and not alive and has_run(told)

    def _believe(self, plan: Cleared | None, told: PlanExecuted, at: datetime) -> None:
        """What a service did without the ledger is in the ledger once it is told and cleared."""
        by_ledger = plan is not None and self._by_ledger(plan)
        self.all[told.digest, told.attempt] = Told(told, at)
        if plan and not by_ledger:
            self.runs.effects.note(told, plan.steps)

    def _by_ledger(self, plan: Cleared) -> bool:
        known = self.runs.effects.of(plan.plan, plan.steps)
        return plan.run is not None or any(each.token for each in known.values())

    def _agrees(self, plan: Cleared, told: PlanExecuted) -> bool:
        if (told.plan_id, told.revision) != (plan.plan, plan.revision):
            return False
        names = [each.step_id for each in told.results]
        if len(set(names)) < len(names) or not set(names) <= set(plan.steps):
            return False
        run = self.runs.all.get(plan.run.thread_id) if plan.run else None
        if run and run.digest == told.digest and run.status in ("READY", "RUNNING", "IN_DOUBT"):
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


def _says(told: PlanExecuted) -> tuple[Any, ...]:
    tried = {each.step_id: each.status for each in told.results if each.status is not StepStatus.SKIPPED}
    return tried, has_run(told)
