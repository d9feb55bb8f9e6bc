"""`plangate demo`: the 200 billing inquiries."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.output import JsonFlag, console, print_json, table
from plangate.demo.reviewer import automatic, interactive
from plangate.demo.run import run_demo
from plangate.dev.stack import Broker


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    broker: Annotated[
        Broker, typer.Option(help="mock: inside this process. apache: Apache Kafka 4, on disk.")
    ] = "mock",
    store: Annotated[
        str | None, typer.Option(help="A store URL, or `postgresql` for a server of our own. Else SQLite.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where data and logs go; the same again sends nothing twice.")
    ] = None,
    ask: Annotated[bool, typer.Option("--interactive", help="Decide yourself.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """An agent works through 200 billing inquiries, and an edge case is stopped at the gate.

    Decide yourself: `plangate demo --interactive`

    On the real thing: `plangate demo --broker apache --store postgresql`
    """
    console.quiet = as_json
    choose = interactive if ask else automatic
    with tempfile.TemporaryDirectory(prefix="plangate-demo-") as temporary:
        if store == "postgresql":
            Path(temporary).chmod(0o711)  # started by root, PostgreSQL runs as nobody and must get through
        tally = run_demo(folder or Path(temporary), broker, store, choose)
    if as_json:
        print_json(tally.as_dict())
    else:
        rows = [(name.replace("_", " "), value) for name, value in tally.as_dict().items()]
        table("The end", ("what", "how many"), rows)
