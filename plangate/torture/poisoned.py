"""What became of poison: buried at its place, or believed, or lost."""

from collections.abc import Iterator
from uuid import UUID

from gate_events.records import DecisionMade, PlanProposed
from plangate.torture.buried import Buried
from plangate.torture.evidence import Evidence
from plangate.torture.liars.told import Poison

_UNREAD = "cannot be unpacked"  # what the letter of a batch says that has no bytes


def buried_poison(evidence: Evidence) -> int:
    """How many doses are dead letters."""
    places = _places(evidence)
    return sum(each.place in places for each in evidence.told.poison)


def lost_poison(evidence: Evidence) -> Iterator[str]:
    """What was neither taken back nor buried: somebody passed over it without a word."""
    places = _places(evidence)
    for each in evidence.told.poison:
        if not each.aborted and each.place not in places:
            yield f"{_named(each)} is no dead letter"


def read_though_aborted(evidence: Evidence) -> Iterator[str]:
    """What its sender took back, and somebody read all the same."""
    places, known = _places(evidence), _known_ids(evidence)
    for each in evidence.told.poison:
        if each.aborted and (each.place in places or _id_of(each) in known):
            yield f"{_named(each)} was aborted, and read"


def is_of_poison(letter: Buried, evidence: Evidence) -> bool:
    """Whether a dead letter is of poison, of which nobody knew whether it came to its topic."""
    told = evidence.told
    if not told.poison:
        return False
    unread = _UNREAD in letter.error
    return letter.place in {each.place for each in told.poison} or unread or told.is_of_poison(letter.value)


def _places(evidence: Evidence) -> set[tuple[str, str, str] | None]:
    return {each.place for each in evidence.buried}


def _known_ids(evidence: Evidence) -> set[UUID]:
    """Decisions and plans that the store has."""
    rows = evidence.rows
    decisions = {row.decision.event_id for row in rows.decisions}
    asked = {gate.request.plan_id for gate in rows.gates}
    return decisions | asked | {each.plan_id for each in (*rows.clearances, *rows.outcomes)}


def _id_of(poison: Poison) -> UUID | None:
    """What gives it away in the store. The plan of a clearance is an honest party's, and may be there."""
    record = poison.record
    if isinstance(record, DecisionMade):
        return record.event_id
    return record.plan_id if isinstance(record, PlanProposed) else None


def _named(poison: Poison) -> str:
    topic, partition, offset = poison.place
    return f"{poison.kind} on {topic}-{partition} at {offset}"
