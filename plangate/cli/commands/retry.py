"""`plangate retry THREAD`: asks for another attempt at a run that failed."""

from typing import Annotated

import typer

from plangate.cli.options import By, JsonFlag


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retry)


def retry(
    thread: Annotated[str, typer.Argument(help="The thread of a FAILED run, as `plangate runs` shows it.")],
    *,
    step: Annotated[
        list[str] | None, typer.Option(help="A step that failed and is to be begun again; may be repeated.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why; its reviewers read it.")],
    by: By = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask for another attempt at a run that FAILED: once that is approved, it goes on from its checkpoint.

    What succeeded is not repeated. A step that failed is begun again only where --step names it. Nothing may
    be in doubt. The question is a gate of its own; the store must let this user do what a resumer does.
    """
    from plangate.cli.retry import retry as ask

    ask(thread, step or [], note, by, as_json=as_json)
