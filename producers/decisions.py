"""Decides on approval requests."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from gate_events.errors import UnencodableError
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, Resolution
from gate_store.database import Clock, utc_now
from producers.checked import checked
from producers.step import AnyStep, step_value
from producers.voice import Voice


def decide(
    voice: Voice,
    request: ApprovalRequested,
    kind: DecisionKind,
    *,
    by: str,
    note: str = "",
    reason_code: str | None = None,
    steps: Iterable[AnyStep] | None = None,
    step_ids: Sequence[str] = (),
    resolution: Resolution | None = None,
    decider: DeciderKind | None = None,
    event_id: UUID | None = None,
    now: Clock = utc_now,
) -> DecisionMade:
    """Publish a decision on exactly what `request` showed; the gatekeeper judges it.

    EDIT carries the whole plan as it shall run in `steps`, UNDO the steps to undo (none: all), RESOLVE a
    `resolution`. Sent again with the same `event_id` it is the same decision.
    Raises UnencodableError for a decision that no gate could take, and what the voice raises.
    """
    _refuse_misfits(kind, request, steps, step_ids, resolution)
    withdrawn = kind is DecisionKind.WITHDRAW
    decision = checked(
        DecisionMade(
            event_id=event_id or uuid4(),
            request_id=request.request_id,
            plan_id=request.plan_id,
            revision=request.revision,
            digest=request.digest,
            kind=kind,
            decided_at=now(),
            decided_by=by,
            decider=decider or (DeciderKind.PROPOSER if withdrawn else DeciderKind.PERSON),
            note=note,
            reason_code=reason_code,
            steps=_edited(steps),
            step_ids=tuple(step_ids),
            resolution=resolution,
        )
    )
    voice.send(decision)
    return decision


def _edited(steps: Iterable[AnyStep] | None) -> tuple[Step, ...] | None:
    if steps is None:
        return None
    return tuple(step_value(step, f"s{number}") for number, step in enumerate(steps, 1))


def _refuse_misfits(
    kind: DecisionKind,
    request: ApprovalRequested,
    steps: Iterable[AnyStep] | None,
    step_ids: Sequence[str],
    resolution: Resolution | None,
) -> None:
    unknown = set(step_ids) - {step.step_id for step in request.steps}
    problems = {
        "EDIT needs the whole plan in steps": kind is DecisionKind.EDIT and steps is None,
        "only EDIT carries steps": kind is not DecisionKind.EDIT and steps is not None,
        "only UNDO names step_ids": kind is not DecisionKind.UNDO and bool(step_ids),
        f"the plan has no steps {sorted(unknown)}": bool(unknown),
        "RESOLVE needs a resolution": kind is DecisionKind.RESOLVE and resolution is None,
        "only RESOLVE carries a resolution": kind is not DecisionKind.RESOLVE and resolution is not None,
    }
    for problem, found in problems.items():
        if found:
            raise UnencodableError("DecisionMade", problem)
