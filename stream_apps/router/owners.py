"""Whose plans this router has seen: the gatekeeper notes owners in the store, but a moment later.

Of services alone: what a run asked is in the store before anybody hears of it.
"""

from collections import OrderedDict
from uuid import UUID

from gate_events.names import name_key
from gate_events.records import PlanProposed

_LARGEST = 100_000  # plans; older ones are in the store by then

_Owner = tuple[str, str]


class Owners:
    """Who proposed a plan id first, of the plans last seen; all records of a plan come to one router."""

    def __init__(self) -> None:
        self._seen: OrderedDict[UUID, _Owner] = OrderedDict()

    def objection(self, plan: PlanProposed) -> str | None:
        """Why somebody else's record cannot count; the first one makes the owner."""
        if plan.run is not None:
            return None
        claimed = name_key(plan.proposer), name_key(plan.agent.name)
        owner = self._seen.setdefault(plan.plan_id, claimed)
        self._seen.move_to_end(plan.plan_id)
        if len(self._seen) > _LARGEST:
            self._seen.popitem(last=False)
        if owner == claimed:
            return None
        return (
            f"plan {plan.plan_id} was first proposed by {owner[0]} for agent {owner[1]}:"
            " propose under a plan id of your own"
        )
