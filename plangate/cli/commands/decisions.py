"""`plangate approve`, `edit`, `reject`, …: decisions."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gate_events.words import DecisionKind, Resolution
from plangate.cli.options import By, Digest, Gate, JsonFlag, Note, Wait, Yes

_DOES = {
    DecisionKind.APPROVE: "Let a plan run as it was proposed.",
    DecisionKind.WITHDRAW: "Take one's own plan back; the proposer's right: say --by PROPOSER unless that is"
    " your login name.\n\nA name is claimed and not proven: who may write to `decisions` may say any.",
    DecisionKind.CONFIRM: "Say afterwards that what ran was right.",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for kind, does in _DOES.items():
        app.command(kind.value.lower(), help=does)(_command(kind))
    for command in (reject, edit, respond, undo, resolve):
        app.command()(command)


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
        from plangate.cli.decisions import Asked, decide

        decide(Asked(gate, digest, yes, by, wait, as_json), kind, note=note)

    return command


def reject(
    gate: Gate = None,
    waiting: Annotated[
        bool,
        typer.Option(
            "--waiting",
            help="Instead of one gate: all plans of --agent and --proposer that wait beyond the ceiling.",
        ),
    ] = False,
    agent: Annotated[str | None, typer.Option(help="With --waiting: whose plans.")] = None,
    proposer: Annotated[str | None, typer.Option(help="With --waiting: who proposed them.")] = None,
    digest: Digest = None,
    note: Note = "",
    by: By = None,
    yes: Yes = False,
    wait: Wait = 15,
    as_json: JsonFlag = False,
) -> None:
    """Let nothing of a plan run; the graph sees the note.

    A flood of one agent: `plangate reject --waiting --agent biller --proposer billing --note "it loops"`
    """
    from plangate.cli.decisions import Asked, decide
    from plangate.cli.reject_waiting import misused, reject_waiting

    if waiting:
        misused(gate=gate, digest=digest)
        reject_waiting(agent, proposer, note, by, wait, yes=yes, as_json=as_json)
    else:
        misused(agent=agent, proposer=proposer)
        decide(Asked(gate, digest, yes, by, wait, as_json), DecisionKind.REJECT, note=note)


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
    from plangate.cli.decisions import Asked
    from plangate.cli.decisions import edit as decide_to_edit

    if digest is not None and file is None:
        gate, file = None, Path(gate) if gate else None
    decide_to_edit(Asked(gate, digest, yes, by, wait, as_json), file, drop or [], note)


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
    from plangate.cli.decisions import Asked, decide

    decide(Asked(gate, digest, yes, by, wait, as_json), DecisionKind.RESPOND, note=note)


def undo(
    gate: Gate = None,
    step: Annotated[list[str] | None, typer.Option(help="A step to undo; may be repeated. Else all.")] = None,
    digest: Digest = None,
    note: Note = "",
    by: By = None,
    yes: Yes = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until it is undone.")] = 15,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say afterwards that it was wrong: the steps that undo it become a plan of their own.

    Exit code 0: it is undone, or a human is asked about the undo. 1: the undo failed. 3: it is not undone
    within the time. 4: the undo was not approved.
    """
    from plangate.cli.decisions import Asked
    from plangate.cli.undo import undo_and_follow

    undo_and_follow(
        Asked(gate, digest, yes, by, 0 if no_wait else wait, as_json), step or [], note, follows=not no_wait
    )


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
    from plangate.cli.decisions import Asked
    from plangate.cli.decisions import resolve as decide_to_resolve

    answers = {Resolution.HAPPENED: happened, Resolution.RETRY: retry, Resolution.ABANDON: abandon}
    given = [resolution for resolution, chosen in answers.items() if chosen]
    decide_to_resolve(Asked(gate, digest, yes, by, wait, as_json), given, note)
