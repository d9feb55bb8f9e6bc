"""What became of a plan, as the record that tells it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gate_events.codec import body_of
from gate_events.contracts import contract_of
from gate_events.ids import outcome_id
from gate_events.records import PlanExecuted, StepResult
from gate_events.topics import key_of
from gate_events.tracing import current_traceparent
from gate_events.values import Step
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.engine.port import ClaimedRun, EffectRow, OutboxRow

STATUS = {
    "SUCCEEDED": StepStatus.SUCCEEDED,
    "FAILED": StepStatus.FAILED,
    "IN_DOUBT": StepStatus.IN_DOUBT,
    "CLAIMED": StepStatus.IN_DOUBT,  # begun, and nobody said how it ended
    "RETRY": StepStatus.SKIPPED,
}


def outbox_row(record: Any) -> OutboxRow:
    """A record on its way to Kafka, of the trace in which this code runs."""
    kind, key = type(record), key_of(record).decode()
    contract = contract_of(kind).fingerprint.hex()
    return OutboxRow(record.event_id, kind.__name__, key, body_of(record), contract, current_traceparent())


def outcome(
    run: ClaimedRun,
    steps: Sequence[Step],
    effects: Mapping[str, EffectRow],
    status: OutcomeStatus,
    executor: str,
    now: datetime,
    untold: str = "",
) -> PlanExecuted:
    """The outcome of a run's plan: a result for each of `steps`, SKIPPED where the ledger has none.

    `untold` is what is known of such a step.
    """
    return PlanExecuted(
        event_id=outcome_id(run.plan_id, run.answer.digest, run.attempt),
        plan_id=run.plan_id,
        revision=run.answer.revision,
        digest=run.answer.digest,
        executed_at=now,
        executor=executor,
        status=status,
        results=tuple(_result(step, effects.get(step.step_id), now, untold) for step in steps),
        run=run.pause,
        attempt=run.attempt,
    )


def _result(step: Step, effect: EffectRow | None, now: datetime, untold: str) -> StepResult:
    if effect is None:
        return StepResult(step_id=step.step_id, status=StepStatus.SKIPPED, detail=untold, finished_at=now)
    return StepResult(
        step_id=step.step_id,
        status=STATUS[effect.state],
        detail=effect.detail,
        result=effect.result,
        finished_at=now,
    )
