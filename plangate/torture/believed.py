"""Which lies were believed: what they changed of an honest plan, gate, run, clearance, outcome or effect.

Counted are (a) calls of the witness that no honest decision or clearance covers, (b) rows about honest plans
that a lie made or changed, (c) honest plans that did not end.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted
from gate_events.values import Terms
from gate_events.words import DecisionKind, GateState, RequestKind, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.disputed import is_disputed
from gate_policy.judge import judge
from gate_store.clock import expiry
from gate_store.superseding import order_in_thread
from plangate.torture.evidence import Evidence
from plangate.torture.honesty import Honesty
from plangate.torture.liars.on_outcomes import FORGED
from plangate.torture.rows import EffectRow, GateRow
from plangate.torture.strays import ids_taken, told_otherwise


def believed(evidence: Evidence, catalogue: Catalogue) -> Iterator[str]:
    """Every trace of a lie that was believed; nothing where nobody lied."""
    if not evidence.lies:
        return
    honesty = Honesty(evidence, catalogue)
    for look in LOOKS:
        yield from look(evidence, honesty, catalogue)


def _calls(evidence: Evidence, honesty: Honesty, _: Catalogue) -> Iterator[str]:
    for call in evidence.calls:
        if not honesty.covers(call["key"], call["content"]):
            yield f"call of {call['label']} ({call['action']}): no honest word covers it"


def _gates(evidence: Evidence, honesty: Honesty, catalogue: Catalogue) -> Iterator[str]:
    taken, told = ids_taken(evidence, honesty), told_otherwise(evidence)
    for gate in evidence.rows.gates:
        asked = gate.request
        theirs = asked.plan_id in taken and asked.digest not in honesty.asked  # a liar had the id first
        if theirs or not _is_honests(asked, honesty, evidence):
            continue
        where = f"gate {asked.request_id} ({asked.kind.value}, {asked.timing.value}) of plan {asked.plan_id}"
        if evidence.told.is_lies_record(asked):
            yield f"{where}: a liar asked"
        elif asked.digest not in honesty.asked:
            yield f"{where}: nobody honest proposed what it asks"
        elif asked.kind is RequestKind.PLAN:
            yield from (f"{where}: {why}" for why in _weaker(asked, honesty, catalogue))
            in_nobodys_words = gate.state == GateState.SUPERSEDED.value or is_disputed(asked)
            if not in_nobodys_words and asked.digest not in told:
                yield from (f"{where}: {why}" for why in _anothers(asked, honesty))
        yield from (f"{where}: {why}" for why in _ended_by_a_lie(gate, evidence, honesty))


def _anothers(record: ApprovalRequested | PlanCleared, honesty: Honesty) -> Iterator[str]:
    """What no digest covers, though policies and people go by it."""
    plan = honesty.plans.get(record.plan_id)
    for name in ("proposer", "agent", "goal") if plan else ():
        if getattr(record, name) != getattr(plan, name):
            yield f"its {name} is {getattr(record, name)}"


def _is_honests(record: Any, honesty: Honesty, evidence: Evidence) -> bool:
    """Whether a record is about an honest party's plan or run."""
    thread = record.run.thread_id if record.run else None
    return record.plan_id in honesty.plans or thread in evidence.runs


def _weaker(asked: ApprovalRequested, honesty: Honesty, catalogue: Catalogue) -> Iterator[str]:
    """Where a gate asks for less than the catalogue would, or in other words."""
    plan = honesty.plans.get(asked.plan_id)
    if plan is None or asked.digest not in honesty.proposals:
        return  # an edited plan keeps the floor of the plan that was edited
    own = judge(plan, catalogue, now=asked.requested_at)
    if own.review is None:
        return  # the stricter way stands: what anybody asks about is asked
    if asked.tier < own.tier:
        yield f"it says {asked.tier.value}, the catalogue {own.tier.value}"
    if [group.text for group in asked.review.groups] != [group.text for group in own.review.groups]:
        yield f"it reads {[group.text for group in asked.review.groups]}"
    yield from _weaker_terms(asked.review.terms, own.review.terms)


def _weaker_terms(said: Terms, own: Terms) -> Iterator[str]:
    if set(said.reviewers) != set(own.reviewers) or said.quorum < own.quorum:
        yield f"reviewers {said.reviewers}, quorum {said.quorum}"
    if said.use_by_s > own.use_by_s or said.deadline > own.deadline:
        yield f"deadline {said.deadline}, use-by {said.use_by_s} s"


def _ended_by_a_lie(gate: GateRow, evidence: Evidence, honesty: Honesty) -> Iterator[str]:
    """Its end goes back to an honest person, or to the clock and the gate where they had reason."""
    verdict, asked = gate.verdict, gate.request
    if verdict is None:
        return
    # An id that was used again at another gate is another decision's; the verdict names the one of its gate.
    at_gate = {
        row.decision.event_id: row
        for row in evidence.rows.decisions
        if row.decision.request_id == asked.request_id
    }
    row = at_gate.get(verdict.decision_id)
    clocks = row is not None and row.decision == expiry(asked)  # whoever says it, the clock says the same
    if row is None or (evidence.told.is_lies_record(row.decision) and not clocks):
        yield f"{gate.state} by a liar's decision {verdict.decision_id}"
        return
    decision, came = row.decision, row.moment or row.decision.decided_at
    if decision.kind is DecisionKind.EXPIRE and came < asked.review.terms.deadline:
        yield "EXPIRED before its deadline"
    elif decision.kind is DecisionKind.SUPERSEDE and not _was_replaced(asked, evidence, honesty):
        yield f"SUPERSEDED without an honest reason: {decision.note}"


def _was_replaced(asked: ApprovalRequested, evidence: Evidence, honesty: Honesty) -> bool:
    """Whether something honest took its place: another attempt, a later plan of its run, or its outcome.

    A doubt is closed where it became known what happened: the ledger is in doubt no more.
    """
    if asked.kind is RequestKind.IN_DOUBT:
        return _is_known(asked, evidence)
    for other in evidence.rows.gates:
        if other.request.request_id == asked.request_id or other.request.digest not in honesty.asked:
            continue
        same_run = asked.run and other.request.run and asked.run.thread_id == other.request.run.thread_id
        newer = (other.request.revision, other.request.attempt) > (asked.revision, asked.attempt)
        later = same_run and order_in_thread(other.request) > order_in_thread(asked)
        if newer if other.request.plan_id == asked.plan_id else later:
            return True
    ended = any(outcome.digest == asked.digest for outcome in evidence.outcomes)
    return ended and asked.digest in honesty.may_run


def _is_known(asked: ApprovalRequested, evidence: Evidence) -> bool:
    """Whether nothing of the doubted step is in doubt at the end."""
    doubted = asked.in_doubt.step_id if asked.in_doubt else ""
    of_plan = [each for each in evidence.rows.effects if each.plan_id == asked.plan_id]
    states = {each.state for each in of_plan if each.step_id == doubted}
    return bool(states) and "IN_DOUBT" not in states


def _clearances(evidence: Evidence, honesty: Honesty, catalogue: Catalogue) -> Iterator[str]:
    for cleared in evidence.rows.clearances:
        if not _is_honests(cleared, honesty, evidence) or cleared.digest in honesty.liars_own:
            continue
        where = f"clearance of plan {cleared.plan_id}, revision {cleared.revision}"
        if cleared.digest not in honesty.may_run:
            yield f"{where}: no honest word covers it"
        elif isinstance(cleared, PlanCleared):
            own = judge(honesty.proposals[cleared.digest], catalogue, now=cleared.cleared_at)
            yield from (f"{where}: {why}" for why in _anothers(cleared, honesty))
            if own.timing is Timing.BEFORE or (own.review is None) != (cleared.review is None):
                yield f"{where}: the catalogue wants a review {own.timing and own.timing.value}"


def _outcomes(evidence: Evidence, honesty: Honesty, _: Catalogue) -> Iterator[str]:
    """What may run has the outcome that its executor told: a liar's neither stands for it nor before it."""
    kept = {each.digest for each in evidence.rows.outcomes if not evidence.told.is_lies_record(each)}
    for told in {each.digest: each for each in evidence.outcomes}.values():
        if told.digest in honesty.may_run and told.digest not in kept and _has_ended(told):
            yield f"outcome of plan {told.plan_id}: {told.status.value} is not what the store has"
    for lie in evidence.rows.outcomes:
        if evidence.told.is_lies_record(lie) and lie.digest in honesty.may_run:
            yield f"outcome of plan {lie.plan_id}: {lie.status.value}, says a liar"


def _has_ended(told: PlanExecuted) -> bool:
    return told.status.value != "BEGUN"


def _effects(evidence: Evidence, honesty: Honesty, _: Catalogue) -> Iterator[str]:
    happened = {call["key"] for call in evidence.calls if call["manner"] != "fails"}
    for effect in evidence.rows.effects:
        if effect.plan_id in honesty.plans and (why := _untrue(effect, happened)):
            yield f"effect {effect.step_id} of plan {effect.plan_id}: {why}"


def _untrue(effect: EffectRow, happened: set[str]) -> str:
    if effect.result == FORGED:
        return "its result is a liar's"
    if effect.state == "SUCCEEDED" and str(effect.effect_id) not in happened:
        return "it counts as done, the witness saw nothing"
    return ""


def _runs(evidence: Evidence, honesty: Honesty, _: Catalogue) -> Iterator[str]:
    for thread, run in evidence.runs.items():
        if run.plan_id is not None and run.plan_id not in honesty.plans:
            yield f"{thread} is bound to plan {run.plan_id}, which nobody honest proposed"
        if run.digest is not None and run.digest not in honesty.may_run:
            yield f"{thread} may execute what no honest word covers"


def _service_plans(evidence: Evidence, honesty: Honesty, _: Catalogue) -> Iterator[str]:
    """Plans of services that did not end; runs that did not are `unfinished`, and so is this."""
    yield from (f"plan {plan} did not end" for plan in unended(evidence, honesty))


def unended(evidence: Evidence, honesty: Honesty) -> Iterator[UUID]:
    """Plans of services without an outcome or an answer, whose id no lie had first."""
    ended = {each.plan_id for each in evidence.outcomes if each.digest in honesty.asked}
    ended |= {each.plan_id for each in evidence.verdicts if each.state is GateState.RESPONDED}
    ended |= ids_taken(evidence, honesty)
    yield from (plan.plan_id for plan in evidence.service_plans if plan.plan_id not in ended)


LOOKS: tuple[Callable[[Evidence, Honesty, Catalogue], Iterator[str]], ...] = (
    _calls,
    _gates,
    _clearances,
    _outcomes,
    _effects,
    _runs,
    _service_plans,
)
