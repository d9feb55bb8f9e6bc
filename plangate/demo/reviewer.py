"""The reviewer's side of the demo: read in plain English, decide on `decisions`."""

from collections.abc import Callable

from gate_events.records import ApprovalRequested
from gate_events.shown import quoted, shown
from gate_events.values import Review, Step
from gate_events.words import DecisionKind
from gate_policy.catalogue import Catalogue
from gate_policy.edited import review_of_edit
from gate_store.database import utc_now
from plangate.cli.output import indented, say
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer

REVIEWER = "ana"

Choice = tuple[DecisionKind, list[Step] | None, str]
Chooser = Callable[[ApprovalRequested, list[Step]], Choice]


def present(request: ApprovalRequested) -> None:
    """What the reviewer reads."""
    say("")
    say(f"Agent {shown(request.agent.name)} asks: {quoted(request.goal)}")
    _sentences(request.review)


def _sentences(review: Review) -> None:
    for group in review.groups:
        indented(f"• {shown(group.text)}  [{group.tier.value}]", 2)
    for finding in review.findings:
        indented(f"! {shown(finding.text)}", 2, style="yellow")
    for reason in review.reasons:
        indented(f"because {shown(reason)}", 4)
    say("")


def automatic(request: ApprovalRequested, sensible: list[Step]) -> Choice:
    """Approve a plan without warnings; of another keep the steps that nobody would regret."""
    if len(sensible) == len(request.steps):
        return DecisionKind.APPROVE, None, "go ahead"
    return DecisionKind.EDIT, sensible, "only those who have neither paid nor been told"


def review(request: ApprovalRequested, producer: KafkaProducer, choose: Chooser, catalogue: Catalogue) -> int:
    """Show a request and decide it; how many of its steps may run."""
    present(request)
    kind, steps, note = choose(request, without_warnings(request))
    of = len(request.steps)
    if steps is not None:
        say(f"{REVIEWER} takes {of - len(steps)} of {of} steps out. What stays:")
        _sentences(review_of_edit(request, steps, catalogue))
    seen_at = utc_now()
    decide(producer, request, kind, by=REVIEWER, note=note, steps=steps, catalogue=catalogue, seen_at=seen_at)
    kept = f", {len(steps)} of {of} steps stay" if steps is not None else ""
    say(f"{REVIEWER}: {kind.value}{kept}{in_words(note)}", style="bold")
    if kind is DecisionKind.REJECT:
        return 0
    return of if steps is None else len(steps)


def without_warnings(request: ApprovalRequested) -> list[Step]:
    """The steps that no finding is about."""
    warned = {step_id for finding in request.review.findings for step_id in finding.step_ids}
    return [step for step in request.steps if step.step_id not in warned]


def in_words(note: str) -> str:
    """, "go ahead": what somebody said behind what they did."""
    return f", {quoted(note)}" if note else ", without a word"
