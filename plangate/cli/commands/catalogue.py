"""`plangate catalogue`: without Kafka or a store."""

from pathlib import Path
from typing import Annotated

import typer

from plangate.cli.options import JsonFlag

group = typer.Typer(no_args_is_help=True, help="The catalogue of action types: check it, make a first one.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="catalogue")


@group.command()
def check(
    file: Annotated[Path, typer.Argument(help="The catalogue, YAML.")], as_json: JsonFlag = False
) -> None:
    """Say what is wrong with a catalogue: line, field, value and mend. Exit code 1 on an error."""
    from dataclasses import asdict

    from gate_policy.check import check_catalogue
    from plangate.cli.files import read_text
    from plangate.cli.output import print_json, say

    problems = check_catalogue(read_text(file), str(file))
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            say(f"{problem.severity}: {problem}")
        wrong = sum(problem.severity != "note" for problem in problems)
        say(f"{file}: {wrong} to look at" if wrong else f"{file}: in order")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


@group.command("from-mcp")
def from_mcp(
    file: Annotated[Path, typer.Argument(help="An MCP tools/list result, JSON; - reads standard input.")],
) -> None:
    """Make a first catalogue from MCP tool annotations; doubts end at the stricter tier, marked `settle`."""
    import msgspec

    from gate_policy.from_mcp import catalogue_from_mcp
    from plangate.cli.failures import CommandError
    from plangate.cli.files import read_text

    try:
        tools = msgspec.json.decode(read_text(file))
    except msgspec.DecodeError as error:
        raise CommandError(f"{file}: no JSON ({error})", "give the result of MCP's tools/list") from error
    typer.echo(catalogue_from_mcp(tools), nl=False)
