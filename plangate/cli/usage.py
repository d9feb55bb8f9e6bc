"""Usage as the documents write it: `retry THREAD`, and flags without a type."""

from typing import Any

from typer import Typer
from typer.core import TyperArgument, TyperCommand, TyperOption


class Command(TyperCommand):
    """A command whose arguments stand in capitals."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, named as documents name them."""
        return plain(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Without the braces around what is required: brackets say what is not."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]


def plain(params: Any) -> Any:
    """The same parameters: an argument's name in capitals, a flag without `<bool>`."""
    for each in params:
        if isinstance(each, TyperArgument) and each.metavar is None:
            each.metavar = each.name.upper()
        elif isinstance(each, TyperOption) and each.is_flag:
            vars(each)["display_type_rich"] = _no_type
    return params


def with_plain_usage(app: Typer) -> Typer:
    """The same application; its commands, those of its groups too, are of the class `Command`."""
    for each in app.registered_commands:
        each.cls = Command
    for group in app.registered_groups:
        if group.typer_instance:
            with_plain_usage(group.typer_instance)
    return app


def _no_type(ctx: Any) -> None:
    """What a flag shows in the column of types."""
