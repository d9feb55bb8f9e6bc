"""Lies on `outcomes`: what became of plans that are not the liar's to execute, or not to be executed yet."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gate_events.records import PlanExecuted, StepResult
from gate_events.words import OutcomeStatus, StepStatus
from tests.model.lies import LIAR, Fits, Pen, Victim, lie


def executed(
    victim: Victim, pen: Pen, status: OutcomeStatus, result: StepStatus, **other: Any
) -> PlanExecuted:
    """An outcome of the victim's plan."""
    plan = victim.plan
    results = [StepResult(step_id=each.step_id, status=result, finished_at=pen.now) for each in plan.steps]
    told = PlanExecuted(
        event_id=pen.fresh("outcome"),
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=victim.record.digest,
        executed_at=pen.now,
        executor=LIAR,
        status=status,
        results=tuple(results),
        run=plan.run,
    )
    return msgspec.structs.replace(told, **other)


ENDS = (
    (OutcomeStatus.DONE, StepStatus.SUCCEEDED),
    (OutcomeStatus.FAILED, StepStatus.FAILED),
    (OutcomeStatus.NOT_RUN, StepStatus.SKIPPED),
)


@lie(Fits.NOT_YET)
def ended_before_it_may_run(victim: Victim, pen: Pen) -> Sequence[Any]:
    return [executed(victim, pen, *pen.some(ENDS), attempt=pen.some([1, 1, 2]))]


@lie(Fits.RUN)
def ended_though_its_run_goes_on(victim: Victim, pen: Pen) -> Sequence[Any]:
    """With or without its run's name."""
    run = pen.some([victim.plan.run, None])
    return [executed(victim, pen, *pen.some([*ENDS, (OutcomeStatus.BEGUN, StepStatus.SKIPPED)]), run=run)]


@lie(Fits.SERVICE_CLEARED)
def somebody_is_at_it(victim: Victim, pen: Pen) -> Sequence[Any]:
    """Which keeps it from no newer revision."""
    return [executed(victim, pen, OutcomeStatus.BEGUN, StepStatus.SKIPPED)]


@lie(Fits.SERVICE_CLEARED)
def ended_as_what_was_not_cleared(victim: Victim, pen: Pen) -> Sequence[Any]:
    strange = StepResult(step_id="s9", status=StepStatus.SUCCEEDED, finished_at=pen.now)
    others: list[dict[str, Any]] = [
        {"plan_id": pen.fresh("plan")},
        {"revision": victim.plan.revision + 1},
        {"digest": "c" * 64},
        {"attempt": 9},
        {"attempt": 0},
        {"results": (strange,)},
    ]
    return [executed(victim, pen, *pen.some(ENDS), **pen.some(others))]
