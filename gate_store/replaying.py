"""A replay takes decisions as they counted when they were made: by the verdicts that name them."""

from collections.abc import Mapping
from uuid import UUID

from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_store.verdicts import Closing


def closed_then(
    request: ApprovalRequested, decision: DecisionMade, verdicts: Mapping[UUID, PlanDecided]
) -> Closing | None:
    """The end that this decision gave this gate, by `decision_id`; None: it gave it none."""
    verdict = verdicts.get(decision.event_id)
    if verdict is None or verdict.request_id != request.request_id:
        return None
    same = (verdict.decided_by, verdict.note) == (decision.decided_by, decision.note)
    known = verdict.event_id == derived("verdict", request.request_id, decision.event_id)
    return Closing(request, decision, verdict) if same and known else None
