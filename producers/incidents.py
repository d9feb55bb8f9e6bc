"""Reports what turned out wrong."""

from collections.abc import Iterable
from uuid import UUID, uuid4

from gate_events.records import IncidentReported
from gate_store.database import Clock, utc_now
from producers.checked import checked
from producers.voice import Voice


def report(
    voice: Voice,
    plan_id: UUID,
    description: str,
    *,
    by: str,
    step_ids: Iterable[str] = (),
    harm: bool = False,
    event_id: UUID | None = None,
    now: Clock = utc_now,
) -> IncidentReported:
    """Publish an incident of a plan, or of some of its steps; the agent's evidence bears it.

    Sent again with the same `event_id` it is the same incident. Raises UnencodableError, and what the voice
    raises.
    """
    incident = checked(
        IncidentReported(
            event_id=event_id or uuid4(),
            plan_id=plan_id,
            step_ids=tuple(step_ids),
            reported_at=now(),
            reported_by=by,
            harm=harm,
            description=description,
        )
    )
    voice.send(incident)
    return incident
