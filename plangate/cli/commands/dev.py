"""`plangate dev`: everything on this machine, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.options import OwnBroker, OwnStore


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dev)


def dev(
    broker: OwnBroker = "mock",
    store: OwnStore = None,
    folder: Annotated[Path, typer.Option(help="Where data and logs go.")] = Path(".plangate"),
    resumers: Annotated[int, typer.Option(min=0, help="How many resumer processes.")] = 1,
) -> None:
    """Start a broker, a store and workers here, say how to reach them, and run until Ctrl-C.

    In memory, at once: `plangate dev`

    On disk, in .plangate/: `plangate dev --broker apache --store postgresql`

    Then, in another shell: `. .plangate/env` and `plangate pending`

    Code and catalogue come into force when they are saved.
    """
    from plangate.cli.dev import dev as start

    start(broker, store, folder, resumers)
