"""A group of commands that knows them by its table, and imports one when that is called.

As Click's documentation does it: "Lazily Loading Subcommands".
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from plangate.cli.table import TABLE
from plangate.cli.usage import plain, with_plain_usage


class LazyGroup(TyperGroup):
    """The commands of the table: what the help and completion list of each is what stands there."""

    def __init__(self, **given: Any) -> None:
        listed = {name: TyperCommand(name, help=row.help) for name, row in TABLE.items()}
        super().__init__(**{**given, "commands": listed})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`help` in the place of a command is its --help: `plangate help dead-letters show`."""
        found: list[str] = super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)
        return found

    def get_params(self, ctx: Any) -> Any:
        """Its options; a flag has no type."""
        return plain(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, its options too. Raises Click's UsageError where there is none."""
        if args[0] in TABLE:
            self.commands[args[0]] = command(args[0])
        return super().resolve_command(ctx, args)


def command(name: str) -> Any:
    """A command of the table, or a group of them, as its module registers it."""
    app = typer.Typer()
    import_module(f"plangate.cli.commands.{TABLE[name].module}").register(app)
    return get_group(with_plain_usage(app)).commands[name]
