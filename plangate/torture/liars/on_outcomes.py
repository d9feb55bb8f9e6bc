"""Lies on `outcomes`: what became of plans that are not his to execute.

Never about a cleared plan of a service under its own digest: only the ACL tells who executes it.
"""

from collections.abc import Sequence
from typing import Any

from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted, PlanProposed, StepResult
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, PLANS
from gate_events.words import OutcomeStatus, RequestKind, StepStatus, Timing
from gate_store.database import utc_now
from plangate.torture.liars.lie import LIAR, Heard, Pen, lie
from plangate.torture.liars.undecided import Outcome

FORGED = "forged"  # in the result of every step

Victim = PlanProposed | ApprovalRequested | PlanCleared


def executed(
    victim: Victim, pen: Pen, status: OutcomeStatus, step: StepStatus, **changed: Any
) -> PlanExecuted:
    """An outcome of the victim's plan in the liar's name."""
    now = utc_now()
    results = tuple(
        StepResult(step_id=each.step_id, status=step, detail=FORGED, result=FORGED, finished_at=now)
        for each in victim.steps
    )
    given = {
        "event_id": derived("lie", "outcome", pen.number),
        "plan_id": victim.plan_id,
        "revision": victim.revision,
        "digest": plan_digest(victim.plan_id, victim.revision, victim.steps, victim.run),
        "executed_at": now,
        "executor": LIAR,
        "status": status,
        "results": results,
        "run": victim.run,
    }
    return PlanExecuted(**{**given, **changed})


@lie(PLANS.name)
def run_not_run(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A run's plan is not to be run any more."""
    if heard.record.run is None:
        return ()
    return (executed(heard.record, pen, OutcomeStatus.NOT_RUN, StepStatus.SKIPPED),)


@lie(PLANS.name)
def run_done_without_naming_it(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A run's plan is done, as if a service had carried it out."""
    if heard.record.run is None:
        return ()
    return (executed(heard.record, pen, OutcomeStatus.DONE, StepStatus.SUCCEEDED, run=None),)


@lie(AUTO_EXECUTE.name)
def cleared_run_done_without_naming_it(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The same of a plan that was cleared just now."""
    if heard.record.run is None:
        return ()
    return (executed(heard.record, pen, OutcomeStatus.DONE, StepStatus.SUCCEEDED, run=None),)


@lie(PLANS.name)
def run_in_doubt(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Nobody can tell whether a run's effects happened, he says."""
    if heard.record.run is None:
        return ()
    run = pen.dice.choice((None, heard.record.run))
    return (executed(heard.record, pen, OutcomeStatus.FAILED, StepStatus.IN_DOUBT, run=run),)


@lie(APPROVAL_REQUESTS.name)
def done_before_anybody_decided(heard: Heard, pen: Pen) -> Sequence[Any]:
    """What a human is asked about is done already, at this attempt or at the one before."""
    asked: ApprovalRequested = heard.record
    if (asked.kind, asked.timing) != (RequestKind.PLAN, Timing.BEFORE):
        return ()
    if asked.digest in pen.learned.approved:
        return ()  # it was approved before: who executes it may tell of every attempt
    attempt = pen.dice.choice((1, asked.attempt))
    if not pen.learned.undecided.lie(asked.request_id, Outcome(asked.plan_id, asked.digest, attempt)):
        return ()
    return (executed(asked, pen, OutcomeStatus.DONE, StepStatus.SUCCEEDED, attempt=attempt),)


@lie(PLANS.name)
def done_in_another_revision(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Of a revision that nobody proposed, with a digest of nothing."""
    other = {"revision": 9, "digest": "d" * 64}
    return (executed(heard.record, pen, OutcomeStatus.DONE, StepStatus.SUCCEEDED, **other),)


@lie(AUTO_EXECUTE.name)
def foreign_step_in_doubt(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A step in doubt that the plan does not have, under a digest that was never cleared."""
    result = StepResult(step_id="s99", status=StepStatus.IN_DOUBT, finished_at=utc_now())
    other = {"results": (result,), "digest": "c" * 64}
    return (executed(heard.record, pen, OutcomeStatus.FAILED, StepStatus.IN_DOUBT, **other),)


@lie(PLANS.name)
def begun_by_another(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Somebody is at a run's plan already: do not ask."""
    begun = next((word for word in OutcomeStatus if word.value == "BEGUN"), None)
    if begun is None or heard.record.run is None:
        return ()
    return (executed(heard.record, pen, begun, StepStatus.SKIPPED, results=()),)
