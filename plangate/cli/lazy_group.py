"""A group of commands that knows them by its table, and imports one when that is called.

As Click's documentation does it: "Lazily Loading Subcommands".
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from plangate.cli.table import TABLE


class LazyGroup(TyperGroup):
    """The commands of the table: what the help and completion list of each is what stands there."""

    def __init__(self, **given: Any) -> None:
        listed = {name: TyperCommand(name, help=row.help) for name, row in TABLE.items()}
        super().__init__(**{**given, "commands": listed})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, its options too. Raises Click's UsageError where there is none."""
        if args[0] in TABLE:
            self.commands[args[0]] = command(args[0])
        return super().resolve_command(ctx, args)


def command(name: str) -> Any:
    """A command of the table, or a group of them, as its module registers it."""
    app = typer.Typer()
    import_module(f"plangate.cli.commands.{TABLE[name].module}").register(app)
    return get_group(app).commands[name]
