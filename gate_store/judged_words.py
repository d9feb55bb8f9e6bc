"""What a digest leaves out, though judgement and people go by it: proposer, agent, goal and what steps claim.

A record that copies a plan under its digest, with other words, is another plan.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gate_events.names import same_name
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.words import GateState
from gate_store.dialects import among, read, whole
from gate_store.plan_owners import PlanRecord
from gate_store.stale import lock_unbegun
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import gates

PlanWords = ApprovalRequested | PlanCleared | PlanProposed
_JUDGED = ("proposer", "agent", "goal", "steps")
IN_OTHER_WORDS = "with another proposer, agent, goal or claim"
PROPOSE_ANEW = "propose yours as a new revision"
CLEARED_OTHERWISE = f"it was cleared {IN_OTHER_WORDS}, and nobody has begun it"
CLEARED_IN_OTHER_WORDS = f"this very plan was cleared already, {IN_OTHER_WORDS}: {PROPOSE_ANEW}"


def same_words(one: PlanWords, other: PlanWords) -> bool:
    """Whether two records of one digest are judged alike."""
    return all(getattr(one, name) == getattr(other, name) for name in _JUDGED)


def same_owner(one: PlanWords, other: PlanWords) -> bool:
    """Whether both tell of the same proposer and agent, as names are compared."""
    return same_name(one.proposer, other.proposer) and same_name(one.agent.name, other.agent.name)


def cleared_otherwise(
    conn: Connection, told: Iterable[PlanRecord], cleared: Mapping[str, PlanCleared]
) -> dict[str, PlanCleared]:
    """Which of these `cleared` words of services' plans, by digest, a record tells in other words now.

    Only of what nobody began, and nobody begins until this transaction ends.
    """
    others = {
        each.digest for each in told if each.digest in cleared and not same_words(each, cleared[each.digest])
    }
    return {digest: cleared[digest] for digest in lock_unbegun(conn, others)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question whether a service's plan may run."""

    request: ApprovalRequested
    state: GateState = GateState.PENDING


class AskedInWords:
    """In which words plans of services were asked about before they run, by digest."""

    def __init__(self, asked: Mapping[str, list[Asked]]) -> None:
        self._asked = dict(asked)

    @property
    def last(self) -> dict[str, ApprovalRequested]:
        """The last question about each plan."""
        return {digest: asked[-1].request for digest, asked in self._asked.items()}

    def note(self, request: ApprovalRequested) -> None:
        """The batch holds the first question about a plan."""
        self._asked.setdefault(request.digest, [Asked(request)])

    def note_queued(self, question: ApprovalRequested) -> None:
        """It waits to be asked, perhaps beside another in other words."""
        self._asked.setdefault(question.digest, []).append(Asked(question))

    def differ(self, record: PlanRecord) -> bool:
        """Whether the plan was asked about, and never in these words."""
        asked = self._asked.get(record.digest, ())
        return bool(asked) and not any(same_words(record, each.request) for each in asked)

    def answered(self, digest: str) -> str | None:
        """Why it is not asked anew in other words: somebody has answered."""
        *earlier, last = self._asked[digest]
        # of those before the last, a SUPERSEDED one was asked anew
        answered = [each for each in earlier if each.state is not GateState.SUPERSEDED]
        for asked in (*answered, last):
            if asked.state is not GateState.PENDING:
                gate, state = asked.request.request_id, asked.state.value
                return f"gate {gate} asked about this plan {IN_OTHER_WORDS}, and is {state}: {PROPOSE_ANEW}"
        return None


def asked_in_words(conn: Connection, records: Iterable[PlanRecord]) -> AskedInWords:
    """All that was asked about these plans before they run, by attempt."""
    plans = {each.digest: each.plan_id for each in records}
    asked: defaultdict[str, list[Asked]] = defaultdict(list)
    if not plans:
        return AskedInWords(asked)
    found = conn.execute(
        select(gates.c.digest, gates.c.state, whole(gates.c.request).label("request"))
        .where(among(conn, gates.c.plan_id, set(plans.values())), among(conn, gates.c.digest, plans))
        .where(*ASKS_BEFORE)
        .order_by(gates.c.attempt)
    )
    for row in found:
        asked[row.digest].append(Asked(read(row.request, ApprovalRequested), GateState(row.state)))
    return AskedInWords(asked)
