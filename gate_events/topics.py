"""Which record travels on which topic. Most topics are keyed by plan id; `key_of` knows the others."""

from dataclasses import dataclass
from typing import Any

from gate_events import records


@dataclass(frozen=True)
class Topic:
    """A topic's name (before the operator's prefix), its record type and whether Kafka compacts it."""

    name: str
    record: type[Any]
    compacted: bool = False


PLANS = Topic("plans", records.PlanProposed)
AUTO_EXECUTE = Topic("auto-execute", records.PlanCleared)
APPROVAL_REQUESTS = Topic("approval-requests", records.ApprovalRequested)
DECISIONS = Topic("decisions", records.DecisionMade)
VERDICTS = Topic("verdicts", records.PlanDecided)
OUTCOMES = Topic("outcomes", records.PlanExecuted)
INCIDENTS = Topic("incidents", records.IncidentReported)
AUTONOMY = Topic("autonomy", records.AutonomyChanged, compacted=True)
POLICIES = Topic("policies", records.PolicyKept, compacted=True)
STOPS = Topic("stops", records.StopChanged, compacted=True)
DEAD_LETTERS = Topic("dead-letters", records.DeadLetter)

TOPICS = (
    PLANS,
    AUTO_EXECUTE,
    APPROVAL_REQUESTS,
    DECISIONS,
    VERDICTS,
    OUTCOMES,
    INCIDENTS,
    AUTONOMY,
    POLICIES,
    STOPS,
    DEAD_LETTERS,
)

TOPIC_OF = {topic.record: topic for topic in TOPICS}


def key_of(record: Any) -> bytes:
    """A record's Kafka key: plan id; but on `autonomy` action type and fingerprint, on `policies` the digest,
    on `stops` the stop's id.
    """
    if isinstance(record, records.AutonomyChanged):
        return f"{record.action_type}\x1f{record.fingerprint}".encode()
    if isinstance(record, records.PolicyKept):
        return record.digest.encode()
    if isinstance(record, records.StopChanged):
        return str(record.stop_id).encode()
    return str(record.plan_id).encode()
