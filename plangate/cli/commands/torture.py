"""`plangate torture`: kill it while it works, and count what went wrong."""

from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.options import JsonFlag
from plangate.dev.broker import Broker


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(torture)


def torture(
    runs: Annotated[int, typer.Option(min=1, help="Runs that are submitted.")] = 1000,
    kills: Annotated[int, typer.Option(min=0, help="SIGKILLs.")] = 30,
    pauses: Annotated[int, typer.Option(min=0, help="SIGSTOPs past the lease's end, then SIGCONT.")] = 3,
    liars: Annotated[int, typer.Option(min=0, help="Lies that adversaries tell on the topics.")] = 0,
    secured: Annotated[
        bool, typer.Option("--secured", help="A login for every part, with its role's rights alone.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Repeats the plan of faults.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Worker trees.")] = 2,
    broker: Annotated[Broker, typer.Option(help="A broker of our own.")] = "apache",
    store: Annotated[
        str | None, typer.Option(help="A store URL, or `postgresql` for a server of our own; else SQLite.")
    ] = "postgresql",
    here: Annotated[
        bool, typer.Option("--in-force", help="Use the cluster and the store of the settings in force.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Also where that store holds runs already.")] = False,
    keep: Annotated[Path | None, typer.Option(help="Where logs and evidence stay.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Kill, pause and restart whole workers while they serve runs; then judge by an outside witness."""
    from plangate.cli.torture import run

    run(
        runs=runs,
        kills=kills,
        pauses=pauses,
        liars=liars,
        secured=secured,
        seed=seed,
        workers=workers,
        broker=broker,
        store=store,
        here=here,
        yes=yes,
        keep=keep,
        as_json=as_json,
    )
