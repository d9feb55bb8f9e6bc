"""Decides on approval requests."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from gate_events.digest import review_digest
from gate_events.errors import UnencodableError
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, Resolution
from gate_policy.catalogue import Catalogue
from gate_policy.edited import review_of_edit
from gate_policy.errors import UnjudgeablePlanError
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
    catalogue: Catalogue | None = None,
    shown: bool = True,
    seen_at: datetime | None = None,
    now: Clock = utc_now,
) -> DecisionMade:
    """Publish a decision on exactly what `request` showed; the gatekeeper judges it.

    EDIT carries the whole plan as it shall run in `steps`, UNDO the steps to undo (none: all), RESOLVE a
    `resolution`. An edit closes its gate where its reviewer saw what it makes of the plan: pass the
    gatekeeper's `catalogue`, which renders that; without it the edited plan is asked about. `shown` False
    says that nobody was shown the request's review; `seen_at` is when they were, else now.
    Sent again with the same `event_id` and `now` it is the same decision.
    Raises UnencodableError for a decision that no gate could take, and what the voice raises.
    """
    _refuse_misfits(kind, request, steps, step_ids, resolution)
    withdrawn = kind is DecisionKind.WITHDRAW
    edited, at = None if steps is None else edited_values(steps), now()
    seen = _seen(request, kind, edited, catalogue) if shown else None
    decision = checked(
        DecisionMade(
            event_id=event_id or uuid4(),
            request_id=request.request_id,
            plan_id=request.plan_id,
            revision=request.revision,
            digest=request.digest,
            kind=kind,
            decided_at=at,
            decided_by=by,
            decider=decider or (DeciderKind.PROPOSER if withdrawn else DeciderKind.PERSON),
            note=note,
            reason_code=reason_code,
            steps=edited,
            step_ids=tuple(step_ids),
            resolution=resolution,
            review_digest=seen,
            seen_at=(seen_at or at) if seen else None,
        )
    )
    voice.send(decision)
    return decision


def _seen(
    request: ApprovalRequested,
    kind: DecisionKind,
    edited: tuple[Step, ...] | None,
    catalogue: Catalogue | None,
) -> str | None:
    """The digest of what was shown: the request's review, or that of what an edit makes of the plan."""
    if kind is not DecisionKind.EDIT:
        return review_digest(request.review)
    if not edited or catalogue is None:
        return None
    try:
        return review_digest(review_of_edit(request, edited, catalogue))
    except UnjudgeablePlanError as error:
        raise UnencodableError("DecisionMade", str(error)) from error


def edited_values(steps: Iterable[AnyStep]) -> tuple[Step, ...]:
    """The steps of an edit as they are published; one without an id gets its place: s1, s2, …"""
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
