"""Whether a fault in flight explains that nobody knew how an effect ended."""

from collections.abc import Iterator, Sequence

from gate_events.ids import effect_key
from gate_events.words import RequestKind
from plangate.torture.evidence import Evidence, Line

WITHIN_S = 15.0  # a fault this long after the claim may still have cut it off: the effect can hang
SLACK_S = 1.0  # between the note of a fault and the fault


def unexplained(evidence: Evidence) -> Iterator[str]:
    """Effects in doubt whose claimant suffered nothing."""
    asked = {each.request_id: each for each in evidence.requests if each.kind is RequestKind.IN_DOUBT}
    for request in asked.values():
        step_id = request.in_doubt.step_id if request.in_doubt else ""
        key = str(effect_key(request.plan_id, step_id))
        claims = [claim for claim in evidence.claims if claim["key"] == key]
        hung = {call["pid"] for call in evidence.calls if call["key"] == key and call["manner"] == "hangs"}
        if not any(claim["pid"] in hung or _struck(claim, evidence.faults) for claim in claims):
            known = request.in_doubt.known if request.in_doubt else ""
            yield f"plan {request.plan_id}, {step_id} (effect {key}): {known}"


def _struck(claim: Line, faults: Sequence[Line]) -> bool:
    """A broker that restarts, or a cut connection, excuses nobody; without a database leases run out."""
    return any(
        (fault["pid"] == claim["pid"] or fault["kind"] == "restart database") and _overlaps(claim, fault)
        for fault in faults
    )


def _overlaps(claim: Line, fault: Line) -> bool:
    until = fault.get("until", fault["at"])
    return bool(until >= claim["at"] - SLACK_S and fault["at"] <= claim["at"] + WITHIN_S)
