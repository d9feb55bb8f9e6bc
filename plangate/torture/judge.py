"""Judges the evidence. Each count comes with the cases behind it, so that a person can look them up."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from gate_events.ids import effect_key
from gate_events.words import GateState, RequestKind, Resolution
from gate_policy.catalogue import Catalogue
from gate_store.clock import expiry_id
from plangate.torture.believed import believed, unended
from plangate.torture.doubts import unexplained
from plangate.torture.evidence import Evidence
from plangate.torture.failures import may_have_failed
from plangate.torture.honesty import Honesty
from plangate.torture.outcomes import contradicting_outcomes
from plangate.torture.strays import ids_taken

Findings = dict[str, list[str]]


def judge(evidence: Evidence, catalogue: Catalogue) -> Findings:
    """What is wrong, by the name of its count."""
    honesty = Honesty(evidence, catalogue)
    return {
        "unapproved": list(_unapproved(evidence, honesty)),
        "blind_repeats": list(_blind_repeats(evidence, catalogue)),
        "lost_plans": list(_lost_plans(evidence, honesty)),
        "lost_decisions": list(_lost_decisions(evidence)),
        "contradictions": list(_contradictions(evidence, catalogue)),
        "in_doubt_unexplained": list(unexplained(evidence)),
        "unfinished": list(_unfinished(evidence, honesty)),
        "lies_believed": list(believed(evidence, catalogue)),
    }


def doubts(evidence: Evidence) -> int:
    """How often a human was asked whether an effect happened."""
    return len({each.request_id for each in evidence.requests if each.kind is RequestKind.IN_DOUBT})


def _unapproved(evidence: Evidence, honesty: Honesty) -> Iterator[str]:
    """A call that no executable verdict or clearance of the honest covers, as it was made."""
    for call in evidence.calls:
        if not honesty.covers(call["key"], call["content"]):
            yield f"{call['label']} ({call['action']}, effect {call['key']}, process {call['pid']})"


def _blind_repeats(evidence: Evidence, catalogue: Catalogue) -> Iterator[str]:
    """Effects that happened again though they may not be repeated, and that no human let be retried.

    Of an action without a probe every call counts, since nobody could know. One with a probe may be called
    again where it did not happen; that it happened twice is no better.
    """
    retries = Counter(_retried(evidence))
    calls: Counter[tuple[str, str, str]] = Counter()
    for call in evidence.calls:
        failed = catalogue.actions[call["action"]].probe is not None and call["manner"] == "fails"
        calls[call["key"], call["action"], call["label"]] += not failed
    for (key, name, label), count in calls.items():
        if not catalogue.actions[name].idempotent and count > 1 + retries[key]:
            yield f"{label} ({name}, effect {key}): {count} calls, {retries[key]} retries were allowed"


def _retried(evidence: Evidence) -> Iterator[str]:
    """The effect of each doubt whose verdict lets it be tried again."""
    doubted = {each.request_id: each.in_doubt for each in evidence.requests if each.in_doubt}
    for gate, verdict in {each.request_id: each for each in evidence.verdicts}.items():
        doubt = doubted.get(gate)
        if doubt is not None and verdict.resolution is Resolution.RETRY:
            yield str(effect_key(verdict.plan_id, doubt.step_id))


def _lost_plans(evidence: Evidence, honesty: Honesty) -> Iterator[str]:
    """A plan that an agent was promised, or that was allowed to run, and that went nowhere."""
    proposed = {each.plan_id for each in evidence.proposed}
    bound = {run.plan_id for run in evidence.runs.values() if run.plan_id is not None}
    yield from (
        f"{plan} never reached its topic" for plan in {*evidence.submitted.values(), *bound} - proposed
    )
    routed = {each.plan_id for each in (*evidence.cleared, *honesty.cleared_on_a_lie)}
    routed |= {each.plan_id for each in evidence.requests}
    unrouted = proposed - routed - ids_taken(evidence, honesty)
    yield from (f"{plan} was proposed and never routed" for plan in unrouted)
    allowed = {plan for plan, _, _ in honesty.may_run.values()}
    ended = {each.plan_id for each in evidence.outcomes}
    left = allowed - ended - _to_be_thought_over(evidence)
    yield from (f"{plan} was allowed to run and has no outcome" for plan in left)


def _to_be_thought_over(evidence: Evidence) -> set[UUID]:
    """Cleared by the router, then asked about all the same, and answered: no outcome will come."""
    asked = [each for each in evidence.verdicts if each.kind is RequestKind.PLAN]
    answered = {each.plan_id for each in asked if each.state is GateState.RESPONDED}
    return answered - {each.plan_id for each in asked if each.execute}


def _lost_decisions(evidence: Evidence) -> Iterator[str]:
    for event_id, gate_id in {(each.event_id, each.request_id) for each in evidence.sent}:
        disposition = evidence.dispositions.get((event_id, gate_id), "unknown to the store")
        if disposition in {"WAITING", "unknown to the store"}:
            yield f"decision {event_id} is {disposition}"


def _contradictions(evidence: Evidence, catalogue: Catalogue) -> Iterator[str]:
    yield from _two_verdicts(evidence)
    said = {each.event_id for each in evidence.decided}
    said |= {
        expiry_id(gate.request.request_id) for gate in evidence.rows.gates
    }  # the clock's, in time or not
    for verdict in evidence.verdicts:
        state = evidence.gates.get(verdict.request_id)
        if state != verdict.state.value:
            yield f"gate {verdict.request_id}: the verdict says {verdict.state.value}, the store {state}"
        if verdict.decision_id not in said:
            yield f"verdict {verdict.event_id}: nobody made decision {verdict.decision_id}"
    yield from contradicting_outcomes(evidence, catalogue)


def _two_verdicts(evidence: Evidence) -> Iterator[str]:
    """Two verdicts of one gate that do not say the same."""
    for gate, verdicts in _grouped(evidence.verdicts, "request_id").items():
        if len({(each.state, each.digest, each.decision_id) for each in verdicts}) > 1:
            yield f"gate {gate} has {len(verdicts)} verdicts that differ"


def _grouped(records: Sequence[Any], name: str) -> Mapping[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for record in records:
        found[getattr(record, name)].append(record)
    return found


def _unfinished(evidence: Evidence, honesty: Honesty) -> Iterator[str]:
    """Runs that are not at rest, or failed though nothing failed them; gates and records left behind."""
    for thread in evidence.threads:
        run = evidence.runs.get(thread)
        if run is None:
            yield f"{thread} was never taken"
        elif run.status != "DONE" and not (run.status == "FAILED" and may_have_failed(run, evidence)):
            yield f"{thread} is {run.status}: {run.error or 'no reason given'}"
    yield from (f"gate {gate} is open" for gate, state in evidence.gates.items() if state == "PENDING")
    yield from (f"{evidence.in_outbox} records are in the outbox" for _ in range(bool(evidence.in_outbox)))
    yield from (f"plan {plan} of a service has no end" for plan in unended(evidence, honesty))
