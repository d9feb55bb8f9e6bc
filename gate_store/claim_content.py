"""What a record's own content says against it: before the store is asked, and before it takes any place."""

from gate_events.digest import plan_digest
from gate_events.errors import UnencodableError
from gate_events.ids import request_id
from gate_events.names import fault_of_name
from gate_events.records import ApprovalRequested
from gate_store.plan_owners import PlanRecord
from gate_store.renderings import names_its_review


def unseen_name(record: PlanRecord) -> str | None:
    """Which of its names holds what nobody sees, so that it looks like another's; None: none of them."""
    for field, name in (("proposer", record.proposer), ("agent.name", record.agent.name)):
        if fault := fault_of_name(name):
            return f"{field}: {name!a} {fault}: leave it out"
    return None


def other_content(record: PlanRecord) -> str | None:
    """Why its digests are not those of what it says; None: they are."""
    try:
        real = plan_digest(record.plan_id, record.revision, record.steps, record.run)
    except UnencodableError as error:
        return str(error)
    if real != record.digest:
        return "its digest is not that of its own steps"
    if isinstance(record, ApprovalRequested) and not names_its_review(record):
        return "its review_digest is not that of its review"
    return None


def foreign_id(record: PlanRecord) -> str | None:
    """Why a question may not have its id; None: it may. Else one could take another's place."""
    if not isinstance(record, ApprovalRequested):
        return None
    step_id = record.in_doubt.step_id if record.in_doubt else ""
    of_plan = (record.plan_id, record.revision, record.kind, record.timing)
    real = request_id(*of_plan, step_id, record.attempt)
    return None if record.request_id == real else f"its request_id is another question's: it must be {real}"
