"""Says what became of a plan that a service executed by itself."""

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from gate_events.ids import outcome_id
from gate_events.records import PlanExecuted, StepResult
from gate_events.words import OutcomeStatus, StepStatus
from producers.acting import Word
from producers.checked import checked


def outcome(
    cleared: Word, attempt: int, results: Iterable[StepResult], executor: str, now: datetime
) -> PlanExecuted:
    """The outcome of an attempt at a cleared plan: FAILED where any step is not known to have succeeded.

    A step without a result was SKIPPED. Said twice it is the same event. Raises UnencodableError.
    """
    by_id = {result.step_id: result for result in results}
    complete = tuple(by_id.get(step.step_id) or skipped(step.step_id, now) for step in cleared.steps)
    statuses = {result.status for result in complete}
    return checked(
        PlanExecuted(
            event_id=outcome_id(cleared.plan_id, cleared.digest, attempt),
            plan_id=cleared.plan_id,
            revision=cleared.revision,
            digest=cleared.digest,
            executed_at=now,
            executor=executor,
            status=_status(statuses),
            results=complete,
            run=cleared.run,
            attempt=attempt,
        )
    )


def begun(cleared: Word, attempt: int, executor: str, now: datetime) -> PlanExecuted:
    """The executor is at the plan. Said twice it is two events. Raises UnencodableError."""
    return checked(
        PlanExecuted(
            event_id=uuid4(),
            plan_id=cleared.plan_id,
            revision=cleared.revision,
            digest=cleared.digest,
            executed_at=now,
            executor=executor,
            status=OutcomeStatus.BEGUN,
            results=(),
            run=cleared.run,
            attempt=attempt,
        )
    )


def skipped(step_id: str, now: datetime) -> StepResult:
    """The result of a step that was not begun."""
    return StepResult(step_id=step_id, status=StepStatus.SKIPPED, finished_at=now)


def _status(statuses: set[StepStatus]) -> OutcomeStatus:
    if statuses == {StepStatus.SUCCEEDED}:
        return OutcomeStatus.DONE
    return OutcomeStatus.NOT_RUN if statuses == {StepStatus.SKIPPED} else OutcomeStatus.FAILED
