"""Which plans this router has seen: the gatekeeper notes them in the store, but a moment later.

Of services alone: what a run asked is in the store before anybody hears of it.
"""

from dataclasses import dataclass, field
from uuid import UUID

from cachetools import LRUCache

from gate_events.names import name_key
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed

_LARGEST = 100_000  # plans; older ones are in the store by then


@dataclass(slots=True)
class _Seen:
    """What was seen under one plan id."""

    owner: tuple[str, str]
    digests: dict[int, str] = field(default_factory=dict)  # by revision
    cleared: set[str] = field(default_factory=set)  # told to services


class SeenPlans:
    """Who proposed a plan id first, and with what; all records of a plan come to one router, in order."""

    def __init__(self) -> None:
        self._plans: LRUCache[UUID, _Seen] = LRUCache(_LARGEST)

    def stranger(self, plan: PlanProposed) -> str | None:
        """Why somebody else's record cannot clear anything; the first one makes the owner."""
        if plan.run is not None:
            return None
        owner, claimed = self._of(plan).owner, _owner(plan)
        if owner == claimed:
            return None
        return (
            f"plan {plan.plan_id} was first proposed by {owner[0]} for agent {owner[1]}:"
            " propose under a plan id of your own"
        )

    def other_content(self, plan: PlanProposed, record: PlanCleared | ApprovalRequested) -> str | None:
        """Why a record that its owner seems to have said cannot count: a revision has one content."""
        if plan.run is not None or self.stranger(plan):
            return None
        if self._of(plan).digests.setdefault(plan.revision, record.digest) == record.digest:
            return None
        return (
            f"revision {plan.revision} of plan {plan.plan_id} has other content already:"
            f" propose it as revision {plan.revision + 1}"
        )

    def is_told(self, plan: PlanProposed, cleared: PlanCleared) -> bool:
        """Whether its services have been told of it already."""
        return plan.run is None and cleared.digest in self._of(plan).cleared

    def note_told(self, plan: PlanProposed, cleared: PlanCleared) -> None:
        """Its services are being told of it."""
        if plan.run is None:
            self._of(plan).cleared.add(cleared.digest)

    def was_not_told(self, plan: PlanProposed, cleared: PlanCleared) -> None:
        """Kafka did not take what would have told them: when the plan comes again, they are told."""
        self._of(plan).cleared.discard(cleared.digest)

    def _of(self, plan: PlanProposed) -> _Seen:
        seen = self._plans.get(plan.plan_id)
        if seen is None:
            seen = self._plans[plan.plan_id] = _Seen(_owner(plan))
        return seen


def _owner(plan: PlanProposed) -> tuple[str, str]:
    return name_key(plan.proposer), name_key(plan.agent.name)
