"""What the log holds of what a restored store lost."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided, PlanExecuted
from gate_events.values import Step
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_policy.catalogue import Catalogue
from gate_store.planned_effects import PlannedEffect
from gate_store.restores import LostPlan
from gate_store.restoring import Since
from plangate.restoring.records import OnLog
from stream_apps.gatekeeper.window_keys import planned_effects

_LETS_RUN = {DecisionKind.APPROVE, DecisionKind.EDIT}


@dataclass(slots=True)
class LostWords:
    """What is on the log of after the backup. What people decided after `until` led to nothing."""

    until: datetime
    _threads: dict[UUID, str] = field(default_factory=dict)  # of runs, by the plans that they asked about
    _steps: dict[UUID, tuple[str, Sequence[Step]]] = field(default_factory=dict)  # of these, with a digest
    _may_have_run: dict[UUID, None] = field(default_factory=dict)
    _told: defaultdict[UUID, dict[str, dict[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    _answered: set[UUID] = field(default_factory=set)
    _cleared: set[str] = field(default_factory=set)
    _verdicts: set[UUID] = field(default_factory=set)

    def note(self, each: OnLog, *, is_known: bool = False) -> None:
        """Take a record in. Of one that the store knows no more than whose it is."""
        record = each.record
        if isinstance(record, PlanCleared | ApprovalRequested) and record.run is not None:
            self._threads[record.plan_id] = record.run.thread_id
            self._steps.setdefault(record.plan_id, (record.digest, record.steps))
        if not is_known:
            self._note(each)

    def _note(self, each: OnLog) -> None:
        match each.record:
            case PlanCleared() as cleared:
                self._cleared.add(cleared.digest)
                self._may_have_run[cleared.plan_id] = None
            case DecisionMade() as decision if each.at is None or each.at <= self.until:
                self._decided(decision)
            case PlanDecided() as verdict:
                self._verdicts.add(verdict.event_id)
            case PlanExecuted() as told if told.status is not OutcomeStatus.BEGUN:
                self._ended(told, each.at or told.executed_at)
            case _:
                pass

    def since(self, catalogue: Catalogue) -> Since:
        """All of it, with the effects that this catalogue knows."""
        lost = [self._plan(plan_id, self._threads.get(plan_id)) for plan_id in self._may_have_run]
        ended = [self._plan(plan_id) for plan_id in self._told if plan_id not in self._may_have_run]
        planned = [each for plan_id in self._may_have_run for each in self._effects(plan_id, catalogue)]
        return Since(lost, ended, self._answered, self._cleared, self._verdicts, planned)

    def _effects(self, plan_id: UUID, catalogue: Catalogue) -> Iterable[PlannedEffect]:
        digest, steps = self._steps.get(plan_id, ("", ()))
        return planned_effects(plan_id, digest, steps, catalogue)

    def _plan(self, plan_id: UUID, thread_id: str | None = None) -> LostPlan:
        return LostPlan(plan_id, thread_id, self._told.get(plan_id, {}))

    def _decided(self, decision: DecisionMade) -> None:
        if decision.kind is DecisionKind.EDIT and decision.steps and decision.plan_id in self._threads:
            self._steps[decision.plan_id] = (decision.digest, decision.steps)
        if decision.kind in _LETS_RUN:
            self._may_have_run[decision.plan_id] = None
        elif decision.kind is DecisionKind.RESOLVE:
            self._answered.add(decision.request_id)

    def _ended(self, told: PlanExecuted, at: datetime) -> None:
        steps = self._told[told.plan_id].setdefault(told.digest, {})
        moment = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        for result in told.results:
            if result.status is not StepStatus.SKIPPED:
                steps[result.step_id] = f"{told.executor} says {result.status.value} ({moment})"
