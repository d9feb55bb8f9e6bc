"""`plangate init`: a project to begin with."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to make it; its graph has its name.")] = Path(),
) -> None:
    """Make a project with a gate in it: an agent, its catalogue, and a test; nothing is overwritten.

    In a folder of its own: `plangate init my-agent`
    """
    from plangate.cli.init import init as make_project

    make_project(folder)
