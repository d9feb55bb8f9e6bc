"""`plangate approve`, `edit`, `reject`, …: a decision on `decisions`, and what became of it."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from gate_events.records import ApprovalRequested, DecisionMade
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
from plangate.cli.choosing import SHORTEST_ID, Digest, Gate, Yes, chosen, show_and_ask
from plangate.cli.edited_steps import edited_steps
from plangate.cli.failures import CommandError
from plangate.cli.output import JsonFlag, indented, print_json, say
from plangate.cli.speaking import speaker
from plangate.cli.step_diff import changes
from plangate.cli.stores import reading
from plangate.cli.story import print_sentences
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue
from producers.decisions import decide, edited_values

Note = Annotated[str, typer.Option(help="Words for the agent; they reach it on an approval too.")]
By = Annotated[str | None, typer.Option(help="Who decides; else PLANGATE_REVIEWER, else the login name.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for what becomes of the decision.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for kind, does in _DOES.items():
        app.command(kind.value.lower(), help=does)(_command(kind))
    for command in (edit, respond, undo, resolve):
        app.command()(command)


@dataclass(frozen=True)
class _Asked:
    """What all deciding commands are told."""

    gate: str | None
    digest: str | None
    yes: bool
    by: str | None
    wait: float
    as_json: bool


_DOES = {
    DecisionKind.APPROVE: "Let a plan run as it was proposed.",
    DecisionKind.REJECT: "Let nothing of a plan run; the graph sees the note.",
    DecisionKind.WITHDRAW: "Take one's own plan back; the proposer's right: say --by PROPOSER unless that is"
    " your login name.\n\nA name is claimed and not proven: who may write to `decisions` may say any.",
    DecisionKind.CONFIRM: "Say afterwards that what ran was right.",
}


def _command(kind: DecisionKind) -> Callable[..., None]:
    """The command of a decision that carries nothing but a note."""

    def command(
        gate: Gate = None,
        digest: Digest = None,
        note: Note = "",
        by: By = None,
        yes: Yes = False,
        wait: Wait = 15,
        as_json: JsonFlag = False,
    ) -> None:
        _say(_Asked(gate, digest, yes, by, wait, as_json), kind, note=note)

    return command


def edit(
    gate: Gate = None,
    file: Annotated[
        Path | None, typer.Argument(help="The steps as they shall run, YAML or JSON; - is standard input.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A step to leave out; may be repeated.")] = None,
    digest: Digest = None,
    note: Note = "",
    by: By = None,
    yes: Yes = False,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Let a plan run with changes: from a file, without the steps of --drop, or else in your editor.

    Leave two steps out: `plangate edit 3f2a9c1d --drop s4 --drop s7 --note "they have paid"`

    Change the steps in $EDITOR: `plangate edit 3f2a9c1d`

    From a file: `plangate show 3f2a9c1d --raw --json | jq .gates[0].steps > steps.json`, change it, then
    `plangate edit 3f2a9c1d steps.json`
    """
    settings = load_settings()
    if digest is not None and file is None:
        gate, file = None, Path(gate) if gate else None
    if drop and file is not None:
        raise CommandError(f"both {file} and --drop are given", "give one of them")
    catalogue = open_catalogue(settings)
    asked = _Asked(gate, digest, yes, by, wait, as_json)
    request = chosen(settings, gate, digest)
    if why := not_allowed(request, DecisionKind.EDIT):
        raise CommandError(why, "nothing was changed")
    steps = edited_steps(request, catalogue, file, drop or [])
    show_edited = partial(_print_edited, request, steps, catalogue, _became(request, steps, catalogue))
    edited = {"steps": steps, "catalogue": catalogue}
    _publish(settings, asked, request, DecisionKind.EDIT, show_edited, note=note, **edited)


def respond(
    gate: Gate = None,
    *,
    digest: Digest = None,
    note: Note,
    by: By = None,
    yes: Yes = False,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Answer the agent instead of deciding; nothing runs, and it may propose anew."""
    _say(_Asked(gate, digest, yes, by, wait, as_json), DecisionKind.RESPOND, note=note)


def undo(
    gate: Gate = None,
    step: Annotated[list[str] | None, typer.Option(help="A step to undo; may be repeated. Else all.")] = None,
    digest: Digest = None,
    note: Note = "",
    by: By = None,
    yes: Yes = False,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Say afterwards that it was wrong: the steps that undo it become a plan of their own."""
    _say(_Asked(gate, digest, yes, by, wait, as_json), DecisionKind.UNDO, note=note, step_ids=step or [])


def resolve(
    gate: Gate = None,
    happened: Annotated[bool, typer.Option("--happened", help="It happened: it counts as done.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="It did not: it is done again.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="It counts as failed.")] = False,
    digest: Digest = None,
    note: Note = "",
    by: By = None,
    yes: Yes = False,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Say what became of an effect whose result nobody knows."""
    answers = {Resolution.HAPPENED: happened, Resolution.RETRY: retry, Resolution.ABANDON: abandon}
    given = [resolution for resolution, chosen_ in answers.items() if chosen_]
    if len(given) != 1:
        raise CommandError("one answer is needed", "give --happened, --retry or --abandon")
    asked = _Asked(gate, digest, yes, by, wait, as_json)
    _say(asked, DecisionKind.RESOLVE, note=note, resolution=given[0])


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


def _say(asked: _Asked, kind: DecisionKind, **content: Any) -> None:
    settings = load_settings()
    _publish(settings, asked, chosen(settings, asked.gate, asked.digest), kind, **content)


def _publish(
    settings: Settings,
    asked: _Asked,
    request: ApprovalRequested,
    kind: DecisionKind,
    more: Callable[[Console], None] = lambda _: None,
    **content: Any,
) -> None:
    who = reviewer_name(settings, asked.by)
    what = _deed(kind, content.get("resolution"))
    shown_at = show_and_ask(settings, request, what, who, more, yes=asked.yes, as_json=asked.as_json)
    with reading(settings) as conn:
        trace = trace_of_gate(conn, request.request_id)
    with speaker(settings, DECISIONS) as producer, in_trace(trace):
        decision = decide(producer, request, kind, by=who, seen_at=shown_at, **content)
    _report(settings, decision, _disposition(settings, decision, asked.wait), asked.as_json)


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


def _report(settings: Settings, decision: DecisionMade, became: Disposition | None, as_json: bool) -> None:
    if became and became.fate in (Fate.LATE, Fate.REFUSED):
        why = shown(became.why)
        problem = f"{decision.kind.value} of plan {decision.plan_id} is {became.fate.value}: {why}"
        raise CommandError(problem, "nothing was changed")
    fate = became.fate.value if became else "PUBLISHED"
    why = became.why if became else "no gatekeeper has answered yet; `plangate show` will tell"
    message = _meaning(settings, decision, why) if fate == Fate.DECIDED else why
    if as_json:
        told = {"decision_id": decision.event_id, "kind": decision.kind, "fate": fate, "why": why}
        print_json({**told, "message": message})
    elif fate == Fate.DECIDED:
        say(f"{_gate(decision)} is closed by this. {shown(message)}")
    else:
        say(f"{_gate(decision)} stays open: {decision.kind.value} is {fate}. {shown(why)}")


def _gate(decision: DecisionMade) -> str:
    return f"gate {str(decision.request_id)[:SHORTEST_ID]}"


def _meaning(settings: Settings, decision: DecisionMade, why: str) -> str:
    """What the end of the gate means now."""
    with reading(settings) as conn:
        verdict = verdict_at(conn, decision.request_id)
    if verdict is None:
        return why
    asked = (verdict.kind, verdict.timing, verdict.resolution)
    return sentence_on(verdict.state, *asked, again=verdict.attempt > 1)
