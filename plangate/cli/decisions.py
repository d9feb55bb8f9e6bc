"""`plangate approve`, `edit`, `reject`, …: a decision on `decisions`, and what became of it."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.topics import DECISIONS
from gate_events.words import DecisionKind, Resolution
from gate_policy.catalogue import Catalogue
from gate_policy.edited import review_of_edit
from gate_policy.errors import UnjudgeablePlanError
from gate_store.dispositions import Disposition, Fate
from gate_store.lookup import disposition_of, pending_gate
from plangate.cli.edited_steps import edited_steps
from plangate.cli.failures import CommandError
from plangate.cli.gates import GateId, print_sentences
from plangate.cli.output import JsonFlag, console, errors, print_json, say
from plangate.cli.speaking import speaker
from plangate.cli.stores import reading
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue
from producers.decisions import decide, edited_values

Note = Annotated[str, typer.Option(help="Words for the agent; they reach it on an approval too.")]
By = Annotated[str | None, typer.Option(help="Who decides; else PLANGATE_REVIEWER, else the login name.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for what becomes of the decision.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (approve, edit, reject, respond, withdraw, confirm, undo, resolve):
        app.command()(command)


def approve(gate: GateId, note: Note = "", by: By = None, wait: Wait = 15, as_json: JsonFlag = False) -> None:
    """Let a plan run as it was proposed."""
    _say(gate, DecisionKind.APPROVE, by, wait, as_json, note=note)


def edit(
    gate: GateId,
    file: Annotated[
        Path | None, typer.Argument(help="The steps as they shall run, YAML or JSON; - is standard input.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A step to leave out; may be repeated.")] = None,
    note: Note = "",
    by: By = None,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Let a plan run with changes: from a file, without the steps of --drop, or else in your editor.

    Leave two steps out: `plangate edit 3f2a --drop s4 --drop s7 --note "they have paid"`

    Change the steps in $EDITOR: `plangate edit 3f2a`

    From a file: `plangate show 3f2a --raw --json | jq .gates[0].steps > steps.json`, change it, then
    `plangate edit 3f2a steps.json`
    """
    settings = load_settings()
    if drop and file is not None:
        raise CommandError(f"both {file} and --drop are given", "give one of them")
    request, catalogue = _request(settings, gate), open_catalogue(settings)
    steps = edited_steps(request, catalogue, file, drop or [])
    _show_edited(request, steps, catalogue, errors if as_json else console)
    edited = {"steps": steps, "catalogue": catalogue}
    _publish(settings, request, DecisionKind.EDIT, by, wait, as_json, note=note, **edited)


def reject(gate: GateId, note: Note = "", by: By = None, wait: Wait = 15, as_json: JsonFlag = False) -> None:
    """Let nothing of a plan run; the graph sees the note."""
    _say(gate, DecisionKind.REJECT, by, wait, as_json, note=note)


def respond(gate: GateId, note: Note, by: By = None, wait: Wait = 15, as_json: JsonFlag = False) -> None:
    """Answer the agent instead of deciding; nothing runs, and it may propose anew."""
    _say(gate, DecisionKind.RESPOND, by, wait, as_json, note=note)


def withdraw(
    gate: GateId, note: Note = "", by: By = None, wait: Wait = 15, as_json: JsonFlag = False
) -> None:
    """Take one's own plan back; the proposer's right: say --by PROPOSER unless that is your login name.

    A name is claimed and not proven: who may write to `decisions` may say any.
    """
    _say(gate, DecisionKind.WITHDRAW, by, wait, as_json, note=note)


def confirm(gate: GateId, note: Note = "", by: By = None, wait: Wait = 15, as_json: JsonFlag = False) -> None:
    """Say afterwards that what ran was right."""
    _say(gate, DecisionKind.CONFIRM, by, wait, as_json, note=note)


def undo(
    gate: GateId,
    step: Annotated[list[str] | None, typer.Option(help="A step to undo; may be repeated. Else all.")] = None,
    note: Note = "",
    by: By = None,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Say afterwards that it was wrong: the steps that undo it become a plan of their own."""
    _say(gate, DecisionKind.UNDO, by, wait, as_json, note=note, step_ids=step or [])


def resolve(
    gate: GateId,
    happened: Annotated[bool, typer.Option("--happened", help="It happened: it counts as done.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="It did not: it is done again.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="It counts as failed.")] = False,
    note: Note = "",
    by: By = None,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Say what became of an effect whose result nobody knows."""
    answers = {Resolution.HAPPENED: happened, Resolution.RETRY: retry, Resolution.ABANDON: abandon}
    given = [resolution for resolution, chosen in answers.items() if chosen]
    if len(given) != 1:
        raise CommandError("one answer is needed", "give --happened, --retry or --abandon")
    _say(gate, DecisionKind.RESOLVE, by, wait, as_json, note=note, resolution=given[0])


def _request(settings: Settings, gate: str) -> ApprovalRequested:
    with reading(settings) as conn:
        return pending_gate(conn, gate)


def _show_edited(
    request: ApprovalRequested, steps: list[dict[str, Any]], catalogue: Catalogue, on: Console
) -> None:
    try:
        became = review_of_edit(request, edited_values(steps), catalogue)
    except UnjudgeablePlanError as error:
        raise CommandError(str(error), "change the step, and edit again") from error
    say("Edited, the plan does this:", on)
    print_sentences(msgspec.to_builtins(became), on)


def _say(gate: str, kind: DecisionKind, by: str | None, wait: float, as_json: bool, **content: Any) -> None:
    settings = load_settings()
    _publish(settings, _request(settings, gate), kind, by, wait, as_json, **content)


def _publish(
    settings: Settings,
    request: ApprovalRequested,
    kind: DecisionKind,
    by: str | None,
    wait: float,
    as_json: bool,
    **content: Any,
) -> None:
    who = by or settings.reviewer or _login_name()
    with speaker(settings, DECISIONS) as producer:
        decision = decide(producer, request, kind, by=who, **content)
    _report(decision, _disposition(settings, decision, wait), as_json)


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


def _report(decision: DecisionMade, became: Disposition | None, as_json: bool) -> None:
    if became and became.fate in (Fate.LATE, Fate.REFUSED):
        problem = f"{decision.kind.value} of plan {decision.plan_id} is {became.fate.value}: {became.why}"
        raise CommandError(problem, "nothing was changed")
    fate = became.fate.value if became else "PUBLISHED"
    why = became.why if became else "no gatekeeper has answered yet; `plangate show` will tell"
    if as_json:
        print_json({"decision_id": decision.event_id, "kind": decision.kind, "fate": fate, "why": why})
    else:
        say(f"{decision.kind.value} of plan {decision.plan_id}: {fate}. {why}")
