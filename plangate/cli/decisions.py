"""What `plangate approve`, `edit`, `reject`, … do: a decision on `decisions`, and what became of it."""

import getpass
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_events.shown import shown
from gate_events.topics import DECISIONS
from gate_events.tracing import in_trace
from gate_events.values import Review
from gate_events.verdict_words import sentence_on
from gate_events.words import DecisionKind, Resolution
from gate_policy.catalogue import Catalogue
from gate_policy.edited import review_of_edit
from gate_policy.errors import UnjudgeablePlanError
from gate_store.dispositions import Disposition, Fate
from gate_store.half_done import not_allowed
from gate_store.lookup import disposition_of, verdict_at
from gate_store.traces import trace_of_gate
from plangate.cli.choosing import chosen, show_and_ask
from plangate.cli.edited_steps import edited_steps
from plangate.cli.failures import CommandError
from plangate.cli.options import SHORTEST_ID
from plangate.cli.output import LOOK, WELL, indented, print_json, say
from plangate.cli.speaking import speaker
from plangate.cli.step_diff import changes
from plangate.cli.stores import reading
from plangate.cli.story import print_sentences
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue
from producers import decisions as producing
from producers.decisions import edited_values

_COUNTS = (Fate.DECIDED, Fate.COUNTED)


@dataclass(frozen=True)
class Asked:
    """What all deciding commands are told."""

    gate: str | None
    digest: str | None
    yes: bool
    by: str | None
    wait: float
    as_json: bool


def edit(asked: Asked, file: Path | None, drop: Sequence[str], note: str) -> None:
    """Approve a plan with changes. Raises CommandError."""
    settings = load_settings()
    if drop and file is not None:
        raise CommandError(f"both {file} and --drop are given", "give one of them")
    catalogue = open_catalogue(settings)
    request = chosen(settings, asked.gate, asked.digest)
    if why := not_allowed(request, DecisionKind.EDIT):
        raise CommandError(why, "nothing was changed")
    steps = edited_steps(request, catalogue, file, drop)
    show_edited = partial(_print_edited, request, steps, catalogue, _became(request, steps, catalogue))
    edited = {"steps": steps, "catalogue": catalogue}
    _publish(settings, asked, request, DecisionKind.EDIT, show_edited, note=note, **edited)


def resolve(asked: Asked, given: Sequence[Resolution], note: str) -> None:
    """Say what became of an effect in doubt. Raises CommandError."""
    if len(given) != 1:
        raise CommandError("one answer is needed", "give --happened, --retry or --abandon")
    decide(asked, DecisionKind.RESOLVE, note=note, resolution=given[0])


def decide(asked: Asked, kind: DecisionKind, **content: Any) -> None:
    """Publish a decision that changes no steps, and say what became of it. Raises CommandError."""
    settings = load_settings()
    _publish(settings, asked, chosen(settings, asked.gate, asked.digest), kind, **content)


def _became(request: ApprovalRequested, steps: list[dict[str, Any]], catalogue: Catalogue) -> Review:
    """What an edit makes of a plan, as its gatekeeper will render it. Raises CommandError."""
    try:
        return review_of_edit(request, edited_values(steps), catalogue)
    except UnjudgeablePlanError as error:
        raise CommandError(str(error), "change the step, and edit again") from error


def _print_edited(
    request: ApprovalRequested,
    steps: list[dict[str, Any]],
    catalogue: Catalogue,
    became: Review,
    on: Console,
) -> None:
    say("", on)
    say("What changes:", on)
    before = [msgspec.to_builtins(step) for step in request.steps]
    after = [msgspec.to_builtins(step) for step in edited_values(steps)]
    for line in changes(before, after, catalogue) or ["nothing"]:
        indented(line, 2, on)
    say("Edited, the plan does this (what was done before is looked at when it is sent):", on)
    print_sentences(msgspec.to_builtins(became), on, after, catalogue)


def _publish(
    settings: Settings,
    asked: Asked,
    request: ApprovalRequested,
    kind: DecisionKind,
    more: Callable[[Console], None] = lambda _: None,
    **content: Any,
) -> None:
    decision, became = published(settings, asked, request, kind, more, **content)
    told = in_json(settings, decision, became)
    if asked.as_json:
        print_json(told)
    else:
        answer(decision, told)


def published(
    settings: Settings,
    asked: Asked,
    request: ApprovalRequested,
    kind: DecisionKind,
    more: Callable[[Console], None] = lambda _: None,
    **content: Any,
) -> tuple[DecisionMade, Disposition | None]:
    """Show, ask, and say the decision; with what became of it, None where nobody has answered in time.

    Raises CommandError where it does not count, typer.Abort for a no.
    """
    who = reviewer_name(settings, asked.by)
    what = _deed(kind, content.get("resolution"))
    shown_at = show_and_ask(settings, request, what, who, more, yes=asked.yes, as_json=asked.as_json)
    with reading(settings) as conn:
        trace = trace_of_gate(conn, request.request_id)
    with speaker(settings, DECISIONS) as producer, in_trace(trace):
        decision = producing.decide(producer, request, kind, by=who, seen_at=shown_at, **content)
    became = _disposition(settings, decision, asked.wait)
    if became and became.fate in (Fate.LATE, Fate.REFUSED):
        why = shown(became.why)
        problem = f"{decision.kind.value} of plan {decision.plan_id} is {became.fate.value}: {why}"
        raise CommandError(problem, "nothing was changed")
    return decision, became


def _deed(kind: DecisionKind, resolution: Resolution | None) -> str:
    """What a decision does, as it is asked about."""
    return f"{kind.value.lower()} it" if resolution is None else f"resolve it as {resolution.value}"


def reviewer_name(settings: Settings, by: str | None) -> str:
    """Who speaks: as said, as set, or the login name. Raises CommandError."""
    return by or settings.reviewer or _login_name()


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # OSError: Python 3.13
        raise CommandError("this user has no login name", "give --by, or set PLANGATE_REVIEWER") from error


def _disposition(settings: Settings, decision: DecisionMade, wait: float) -> Disposition | None:
    def look() -> Disposition | None:
        with reading(settings) as conn:
            return disposition_of(conn, decision)

    try:
        return Retrying(
            stop=stop_after_delay(wait),
            wait=wait_fixed(0.1),
            retry=retry_if_result(lambda seen: seen is None),
        )(look)
    except RetryError:
        return None


def in_json(settings: Settings, decision: DecisionMade, became: Disposition | None) -> dict[str, Any]:
    """What became of a decision, as `--json` prints it."""
    fate = became.fate.value if became else "PUBLISHED"
    why = became.why if became else "no gatekeeper has answered yet; `plangate show` will tell"
    verdict = _verdict(settings, decision) if fate == Fate.DECIDED else None
    told = {"decision_id": decision.event_id, "kind": decision.kind, "fate": fate, "why": why}
    state = verdict.state.value if verdict else None
    return {**told, "state": state, "message": _meaning(verdict) if verdict else why}


def answer(decision: DecisionMade, told: Mapping[str, Any]) -> None:
    """The same for people. What counts is well; where nobody has answered yet, a look is due."""
    say(in_words(decision, told), style=WELL if told["fate"] in _COUNTS else LOOK)


def in_words(decision: DecisionMade, told: Mapping[str, Any]) -> str:
    """The same in a line."""
    if told["fate"] == Fate.DECIDED:
        state = f": {told['state']}" if told["state"] else ""
        return f"{_gate(decision)} is closed by this{state}. {shown(told['message'])}"
    return f"{_gate(decision)} stays open: {decision.kind.value} is {told['fate']}. {shown(told['why'])}"


def _gate(decision: DecisionMade) -> str:
    return f"gate {str(decision.request_id)[:SHORTEST_ID]}"


def _verdict(settings: Settings, decision: DecisionMade) -> PlanDecided | None:
    with reading(settings) as conn:
        return verdict_at(conn, decision.request_id)


def _meaning(verdict: PlanDecided) -> str:
    """What the end of the gate means now."""
    asked = (verdict.kind, verdict.timing, verdict.resolution)
    return sentence_on(verdict.state, *asked, again=verdict.attempt > 1)
