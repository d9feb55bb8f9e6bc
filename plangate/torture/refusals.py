"""Which lies were answered aloud: a dead letter, a decision REFUSED or LATE, a question asked anew."""

from collections.abc import Iterator
from uuid import UUID

from gate_events.records import ApprovalRequested, DecisionMade
from plangate.torture.buried import digest_of
from plangate.torture.evidence import Evidence
from plangate.torture.liars.told import Lie

ANSWERED = {"REFUSED", "LATE"}


def refused_lies(evidence: Evidence) -> set[int]:
    """The numbers of the lies of which the log or the store says that they did not count."""
    return set(_refused(evidence))


def _refused(evidence: Evidence) -> Iterator[int]:
    honest = {digest_of(plan) for plan in evidence.proposed}
    bytes_ = {each.value for each in evidence.buried}
    digests = {each.digest for each in evidence.buried if each.digest} - honest
    ruled = [row.decision for row in evidence.rows.decisions if row.disposition in ANSWERED]
    ruled_lies = {each.event_id for each in ruled if evidence.told.is_lies_record(each)}
    asked_anew = {(gate.request.plan_id, gate.request.digest) for gate in evidence.rows.gates}
    for lie in evidence.lies:
        if (
            lie.value in bytes_
            or digest_of(lie.record) in digests
            or (isinstance(lie.record, DecisionMade) and lie.record.event_id in ruled_lies)
            or (_asks(lie) and _asked_anew(lie, evidence, asked_anew))
        ):
            yield lie.number


def _asks(lie: Lie) -> bool:
    return isinstance(lie.record, ApprovalRequested) and not lie.replay


def _asked_anew(lie: Lie, evidence: Evidence, gates: set[tuple[UUID, str]]) -> bool:
    """The question stands at a gate, in the gatekeeper's own words."""
    opened = lie.record.request_id in evidence.gates and evidence.told.is_lies_record(
        next(g.request for g in evidence.rows.gates if g.request.request_id == lie.record.request_id)
    )
    return not opened and (lie.record.plan_id, lie.record.digest) in gates
