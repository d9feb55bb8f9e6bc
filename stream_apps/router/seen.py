"""Which plans this router has seen: the gatekeeper notes them in the store, but a moment later.

Of services alone: what a run asked is in the store before anybody hears of it.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import msgspec
from cachetools import LRUCache

from gate_events.names import name_key
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed

_LARGEST = 100_000  # plans; older ones are in the store by then


@dataclass(slots=True)
class _Seen:
    """What was seen under one plan id."""

    owner: tuple[str, str]
    contents: dict[int, bytes] = field(default_factory=dict)  # by revision: all that judgement goes by
    asked: set[str] = field(default_factory=set)  # digests that a human was asked about
    cleared: set[str] = field(default_factory=set)  # digests that services were told of


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
        content = _content(plan, record.digest)
        if self._of(plan).contents.setdefault(plan.revision, content) == content:
            return None
        return (
            f"revision {plan.revision} of plan {plan.plan_id} has other content already (steps, claims, goal"
            f" or agent): propose it as revision {plan.revision + 1}"
        )

    def note_asked(self, plan: PlanProposed, request: ApprovalRequested) -> None:
        """A human is being asked about it: judged once more, it is asked about, too."""
        if plan.run is None:
            self._of(plan).asked.add(request.digest)

    def is_asked(self, plan: PlanProposed, cleared: PlanCleared) -> bool:
        """Whether a human was asked about it."""
        return plan.run is None and cleared.digest in self._of(plan).asked

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


def _content(plan: PlanProposed, digest: str) -> bytes:
    """A digest holds the steps, but neither what they claim nor the words around them."""
    claims = [step.claimed_tier for step in plan.steps]
    return sha256(msgspec.json.encode((digest, plan.goal, plan.agent, claims))).digest()


def _owner(plan: PlanProposed) -> tuple[str, str]:
    return name_key(plan.proposer), name_key(plan.agent.name)
