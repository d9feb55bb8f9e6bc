"""Whether a fault in flight explains that nobody knew how an effect ended."""

from collections.abc import Iterator, Sequence

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested
from gate_events.words import RequestKind
from plangate.torture.evidence import Evidence, Line

SLACK_S = 1.0  # between the note of a fault and the fault


def unexplained(evidence: Evidence) -> Iterator[str]:
    """Effects in doubt whose claimant suffered nothing between its claim and the doubt."""
    asked = {each.request_id: each for each in evidence.requests if each.kind is RequestKind.IN_DOUBT}
    for request in asked.values():
        step_id = request.in_doubt.step_id if request.in_doubt else ""
        key = str(effect_key(request.plan_id, step_id))
        if not _explained(key, request, evidence):
            known = request.in_doubt.known if request.in_doubt else ""
            yield f"plan {request.plan_id}, {step_id} (effect {key}): {known}"


def _explained(key: str, request: ApprovalRequested, evidence: Evidence) -> bool:
    """Every doubt about the effect, each by what befell the one that had claimed it last.

    Executors note what they doubt. A gatekeeper, which asks about what ended runs left begun, does not.
    """
    of_this = [line for line in evidence.claims if line["key"] == key]
    doubts = [line for line in of_this if line.get("doubt")] or [{"at": request.requested_at.timestamp()}]
    hung = {call["pid"] for call in evidence.calls if call["key"] == key and call["manner"] == "hangs"}
    for doubt in doubts:
        before = [line for line in of_this if not line.get("doubt") and line["at"] <= doubt["at"]]
        claim = _begun(before)
        if claim is None or not (claim["pid"] in hung or _struck(claim, doubt, evidence.faults)):
            return False
    return True


def _begun(claims: Sequence[Line]) -> Line | None:
    """The last claim, where its writing began: a commit that broke is tried again, and noted again."""
    last = max(claims, key=lambda line: line["at"], default=None)
    tries = [line for line in claims if last and _whose(line) == _whose(last)]
    return min(tries, key=lambda line: line["at"], default=None)


def _whose(claim: Line) -> tuple[int, int | None]:
    """The process and its lease; a worker of the version before notes no token."""
    return claim["pid"], claim.get("token")


def _struck(claim: Line, doubt: Line, faults: Sequence[Line]) -> bool:
    """A broker that restarts, or a cut connection, excuses nobody; without a database leases run out."""
    return any(
        fault.get("until", fault["at"]) >= claim["at"] - SLACK_S and fault["at"] <= doubt["at"]
        for fault in faults
        if fault["pid"] == claim["pid"] or fault["kind"] in _excuses(claim)
    )


def _excuses(claim: Line) -> set[str]:
    """A service whose connection is cut ends, and is started again; a resumer waits."""
    return {"restart database", "cut"} if claim.get("service") else {"restart database"}
