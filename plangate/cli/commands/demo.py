"""`plangate demo`: the 200 billing inquiries."""

from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.options import JsonFlag, OwnBroker, OwnStore


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    broker: OwnBroker = "mock",
    store: OwnStore = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where mails, data and logs go; the same again sends nothing twice.")
    ] = None,
    ask: Annotated[bool, typer.Option("--interactive", help="Decide yourself, and open any mail.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """An agent works through 200 billing inquiries, and an edge case is stopped at the gate.

    Decide yourself: `plangate demo --interactive`

    On the real thing: `plangate demo --broker apache --store postgresql`
    """
    from plangate.cli.demo import demo as play

    play(broker, store, folder, ask=ask, as_json=as_json)
