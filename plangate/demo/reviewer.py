"""The reviewer's side of the demo: read in plain English, decide on `decisions`."""

from collections.abc import Callable

import typer

from gate_events.records import ApprovalRequested
from gate_events.shown import shown
from gate_events.values import Review, Step
from gate_events.words import DecisionKind
from gate_policy.catalogue import Catalogue
from gate_policy.edited import review_of_edit
from gate_store.database import utc_now
from plangate.cli.output import console, say
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer

REVIEWER = "ana"

Choice = tuple[DecisionKind, list[Step] | None, str]
Chooser = Callable[[ApprovalRequested, list[Step]], Choice]


def present(request: ApprovalRequested) -> None:
    """What the reviewer reads."""
    console.rule(f"{shown(request.agent.name)} asks for approval")
    say(f"Goal, in the agent's words: {shown(request.goal)}")
    _sentences(request.review)


def _sentences(review: Review) -> None:
    for group in review.groups:
        say(f"  • {group.text}  [{group.tier.value}]")
    for finding in review.findings:
        say(f"  ! {finding.text}")
    for reason in review.reasons:
        say(f"    because {reason}")


def automatic(request: ApprovalRequested, sensible: list[Step]) -> Choice:
    """Approve a plan without warnings; of another keep the steps that nobody would regret."""
    if len(sensible) == len(request.steps):
        return DecisionKind.APPROVE, None, "go ahead"
    return DecisionKind.EDIT, sensible, "only those who have neither paid nor been told"


def interactive(request: ApprovalRequested, sensible: list[Step]) -> Choice:
    """Ask the person at the keyboard."""
    offer = f"keep only the {len(sensible)} of {len(request.steps)} steps without a warning"
    answer = typer.prompt(f"[a]pprove, [e]dit ({offer}), [r]eject", default="e")
    note = typer.prompt("A note for the agent", default="")
    match answer[:1].lower():
        case "a":
            return DecisionKind.APPROVE, None, note
        case "e":
            return DecisionKind.EDIT, sensible, note
        case _:
            return DecisionKind.REJECT, None, note


def review(
    request: ApprovalRequested, producer: KafkaProducer, choose: Chooser, catalogue: Catalogue
) -> DecisionKind:
    """Show a request and decide it; what was decided."""
    present(request)
    kind, steps, note = choose(request, without_warnings(request))
    if steps is not None:
        say("Edited, the plan does this:")
        _sentences(review_of_edit(request, steps, catalogue))
    seen_at = utc_now()
    decide(producer, request, kind, by=REVIEWER, note=note, steps=steps, catalogue=catalogue, seen_at=seen_at)
    changed = f", {len(steps)} of {len(request.steps)} steps stay" if steps is not None else ""
    say(f"{REVIEWER}: {kind.value}{changed}. {note}")
    return kind


def without_warnings(request: ApprovalRequested) -> list[Step]:
    """The steps that no finding is about."""
    warned = {step_id for finding in request.review.findings for step_id in finding.step_ids}
    return [step for step in request.steps if step.step_id not in warned]
