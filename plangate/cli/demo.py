"""`plangate demo`: the 200 billing inquiries."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.output import JsonFlag, console, print_json
from plangate.demo.ending import next_commands, say_next, tell
from plangate.demo.keyboard import interactive, open_mails
from plangate.demo.planner import branch_chooser
from plangate.demo.reviewer import automatic
from plangate.demo.run import run_demo
from plangate.dev.stack import Broker

_OF_SERVERS = ("kafka", "postgresql")  # what these keep, below the demo's folder


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
        Path | None, typer.Option(help="Where mails, data and logs go; the same again sends nothing twice.")
    ] = None,
    ask: Annotated[bool, typer.Option("--interactive", help="Decide yourself, and open any mail.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """An agent works through 200 billing inquiries, and an edge case is stopped at the gate.

    Decide yourself: `plangate demo --interactive`

    On the real thing: `plangate demo --broker apache --store postgresql`
    """
    console.quiet = as_json
    branch_chooser()  # a model that cannot be used is said before anything starts
    own_server = store == "postgresql"
    with _place(folder, stays=not as_json, entered=own_server) as place:
        ended = run_demo(place, broker, store, interactive if ask else automatic)
        if as_json:
            print_json(ended.tally.as_dict())
            return
        tell(ended.tally, ended.held, ended.confirmed)
        if ask:
            open_mails(place / "mails")
        say_next(place, next_commands(place, ended.held, keeps_store=not own_server))


@contextmanager
def _place(folder: Path | None, *, stays: bool, entered: bool) -> Iterator[Path]:
    """The folder that was named; else one of our own, of which mails, store and logs may stay."""
    if folder is not None:
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="plangate-demo-"))
    if entered:
        made.chmod(0o711)  # started by root, PostgreSQL runs as nobody and must get through
    try:
        yield made
    finally:
        for gone in [made / name for name in _OF_SERVERS] if stays else [made]:
            shutil.rmtree(gone, ignore_errors=True)
