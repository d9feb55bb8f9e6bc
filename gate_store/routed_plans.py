"""What a router asks the store about plans before it sends them on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gate_events.records import PlanCleared
from gate_store.judged_words import same_words
from gate_store.plan_claims import KnownPlans, PlanClaim
from gate_store.plan_owners import PlanRecord
from gate_store.restores import told_of


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows about plans that a router would clear: by digest, but for `objections`."""

    asked: frozenset[str] = frozenset()  # a human was asked whether they may run
    cleared: frozenset[str] = frozenset()  # they may run already
    objections: Mapping[int, str] = field(default_factory=dict)  # by the id() of each of these records
    cleared_words: Mapping[str, PlanCleared] = field(default_factory=dict)  # of services' plans

    def objection(self, record: PlanRecord) -> str | None:
        """Why this record could not count. Another of its digest may: anybody can copy a plan."""
        return self.objections.get(id(record))

    def is_cleared_otherwise(self, record: PlanRecord) -> bool:
        """Whether a router's word cleared the plan of a service in other words than these."""
        words = self.cleared_words.get(record.digest)
        return words is not None and not same_words(words, record)


def known_plans(conn: Connection, records: Sequence[PlanRecord]) -> Known:
    """For a router, before services hear of it; the gatekeeper holds the record against the store once more.

    Of what was asked or cleared before there are no objections: its run may have gone on since.
    """
    if not records:
        return Known()
    known = KnownPlans(conn, [PlanClaim(record) for record in records], lock=False)
    asked = {each.digest for each in records if known.asks(each.digest)}
    told = told_of(conn, [each.digest for each in records if isinstance(each, PlanCleared)])
    cleared = told | {each.digest for each in records if known.repeats(each)}
    strangers = [each for each in records if each.digest not in asked | cleared]
    found = {id(each): known.not_the_runs(each) or known.not_the_owners(each) for each in strangers}
    objections = {place: why for place, why in found.items() if why is not None}
    return Known(frozenset(asked), frozenset(cleared), objections, known.cleared_words)
