"""`plangate dev`: everything on this machine, in one command."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.output import say, table
from plangate.dev.stack import Broker, Stack, services, workers


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dev)


def dev(
    broker: Annotated[
        Broker, typer.Option(help="mock: inside this process, in memory. apache: Apache Kafka 4, on disk.")
    ] = "mock",
    store: Annotated[
        str | None, typer.Option(help="A store URL, or `postgresql` for a server of our own. Else SQLite.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where data and logs go.")] = Path(".plangate"),
    resumers: Annotated[int, typer.Option(min=0, help="How many resumer processes.")] = 1,
) -> None:
    """Start a broker, a store and workers here, say how to reach them, and run until Ctrl-C."""
    with (
        services(folder, broker, store) as stack,
        workers(stack, folder, arguments=("--resumers", str(resumers))),
    ):
        _introduce(stack, folder)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            signal.pause()
        except KeyboardInterrupt:
            say("ending: runs in hand finish first")


def _introduce(stack: Stack, folder: Path) -> None:
    table(
        "Plangate runs",
        ("what", "where"),
        [
            ("Kafka", f"{stack.settings.bootstrap_servers} ({stack.broker})"),
            ("store", stack.environment["PLANGATE_STORE_URL"]),
            ("catalogue", stack.settings.catalogue),
            ("graphs", stack.settings.graphs),
            ("logs", folder),
        ],
    )
    say("In another shell:")
    for name, value in stack.environment.items():
        typer.echo(f"  export {name}={value}")
    say("Then: plangate propose FILE, plangate submit GRAPH, plangate pending. Ctrl-C ends everything.")
