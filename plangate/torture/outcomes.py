"""Whether what was told of a plan agrees with itself and with the witness."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided, PlanExecuted
from gate_events.words import OutcomeStatus, StepStatus
from gate_policy.catalogue import Catalogue
from gate_store.uncounted_outcomes import Key
from plangate.torture.calling import content
from plangate.torture.evidence import Evidence, Line


def contradicting_outcomes(evidence: Evidence, catalogue: Catalogue) -> Iterator[str]:
    """Outcomes of one attempt that do not say the same, and outcomes that are not what the witness saw."""
    calls, contents = calls_by_key(evidence.calls), _contents(evidence)
    by_attempt = _each_once(evidence.outcomes)
    for (plan, digest, attempt), told in by_attempt.items():
        if not all(tried_again(*two, calls, catalogue) for two in pairwise(told)):
            yield f"plan {plan} has {len(told)} outcomes that differ"
        later = [each for key, each in by_attempt.items() if key[:2] == (plan, digest) and key[2] > attempt]
        yield from _untrue(told[-1], calls, contents.get(digest, {}), _done(later))


def _done(told: Iterable[Sequence[PlanExecuted]]) -> set[str]:
    """The steps that are told as done."""
    results = [result for each in told for outcome in each for result in outcome.results]
    return {result.step_id for result in results if result.status is StepStatus.SUCCEEDED}


def _contents(evidence: Evidence) -> Mapping[str, Mapping[str, str]]:
    """What each step does, by digest and step_id: another revision's step of that name is another effect."""
    known: list[ApprovalRequested | PlanCleared | PlanDecided] = [*evidence.requests, *evidence.cleared]
    known += evidence.verdicts
    return {each.digest: {step.step_id: content(step) for step in each.steps} for each in known}


def calls_by_key(calls: Sequence[Line]) -> Mapping[str, Sequence[Line]]:
    """What the witness saw of each effect; nothing where it saw nothing."""
    found: dict[str, list[Line]] = defaultdict(list)
    for call in calls:
        found[call["key"]].append(call)
    return found


def _each_once(outcomes: Sequence[PlanExecuted]) -> Mapping[Key, Sequence[PlanExecuted]]:
    """What differs, by attempt, in the order in which it was told first."""
    found: dict[Key, dict[Any, PlanExecuted]] = defaultdict(dict)
    for each in outcomes:
        words = (each.status, tuple((result.step_id, result.status) for result in each.results))
        found[each.plan_id, each.digest, each.attempt].setdefault(words, each)
    return {key: list(told.values()) for key, told in found.items()}


def tried_again(
    first: PlanExecuted, then: PlanExecuted, calls: Mapping[str, Sequence[Line]], catalogue: Catalogue
) -> bool:
    """A step that failed and may be repeated was tried once more, when the plan was told of again.

    Whoever claims steps in the ledger does so, since a word may come again: what stands behind that step
    had not been tried.
    """
    before = {result.step_id: result.status for result in first.results}
    after = {result.step_id: result.status for result in then.results}
    changed = [step_id for step_id in {**before, **after} if before.get(step_id) is not after.get(step_id)]
    failed = [step_id for step_id in changed if before.get(step_id) is StepStatus.FAILED]
    if first.digest != then.digest or not failed:
        return False
    untried = {step_id for step_id in changed if before.get(step_id) in (None, StepStatus.SKIPPED)}
    return set(changed) == {*failed, *untried} and all(
        _failed_first(calls.get(str(effect_key(first.plan_id, step_id)), ()), catalogue) for step_id in failed
    )


def _failed_first(calls: Sequence[Line], catalogue: Catalogue) -> bool:
    """The witness saw it fail, and then be called again, as an idempotent action may."""
    manners = [call["manner"] for call in calls]
    return (
        manners[:1] == ["fails"]
        and len(manners) > 1
        and all(catalogue.actions[call["action"]].idempotent for call in calls)
    )


def _untrue(
    outcome: PlanExecuted,
    calls: Mapping[str, Sequence[Line]],
    contents: Mapping[str, str],
    done_later: Collection[str],
) -> Iterator[str]:
    """`done_later`: the steps that a later attempt did, so that the witness saw them happen."""
    for result in outcome.results:
        does = contents.get(result.step_id)
        of_it = calls.get(str(effect_key(outcome.plan_id, result.step_id)), ())
        happened = [call["content"] for call in of_it if call["manner"] != "fails"]
        if result.status is StepStatus.SUCCEEDED and not happened:
            yield f"plan {outcome.plan_id}: {result.step_id} counts as done, the witness saw nothing"
        is_skipped = result.status is StepStatus.SKIPPED and result.step_id not in done_later
        if is_skipped and (does in happened if does else happened):
            yield f"plan {outcome.plan_id}: {result.step_id} counts as skipped, the witness saw it happen"
    if outcome.status is OutcomeStatus.DONE and any(
        result.status is StepStatus.IN_DOUBT for result in outcome.results
    ):
        yield f"plan {outcome.plan_id} counts as done with a step in doubt"
