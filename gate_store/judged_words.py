"""What a digest leaves out, though judgement and people go by it: proposer, agent, goal and what steps claim.

A record that copies a plan under its digest, with other words, is another plan.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_store.dialects import among, read, whole
from gate_store.stale import lock_unbegun
from gate_store.tables import clearances

PlanWords = ApprovalRequested | PlanCleared | PlanProposed
_JUDGED = ("proposer", "agent", "goal", "steps")
CLEARED_OTHERWISE = "it was cleared with another proposer, agent, goal or claim, and nobody has begun it"


def same_words(one: PlanWords, other: PlanWords) -> bool:
    """Whether two records of one digest are judged alike."""
    return all(getattr(one, name) == getattr(other, name) for name in _JUDGED)


def cleared_otherwise(conn: Connection, asked: Sequence[ApprovalRequested]) -> set[str]:
    """The plans of services, by digest, that a router's word cleared with other words than is asked now.

    Only what nobody began, and nobody begins until this transaction ends.
    """
    if not asked:
        return set()
    cleared = conn.execute(
        select(whole(clearances.c.record)).where(
            among(conn, clearances.c.digest, {each.digest for each in asked}), clearances.c.gate_id.is_(None)
        )
    ).scalars()
    words = {word.digest: word for word in (read(each, PlanCleared) for each in cleared)}
    others = {
        each.digest for each in asked if each.digest in words and not same_words(each, words[each.digest])
    }
    return lock_unbegun(conn, others)
