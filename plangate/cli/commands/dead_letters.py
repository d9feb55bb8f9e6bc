"""`plangate dead-letters`: what could not be handled, with its bytes."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag

group = typer.Typer(no_args_is_help=True, help="Records that could not be decoded or handled.")

LetterId = Annotated[
    str, typer.Argument(help="The id that `list` shows, or its beginning; or its place, as 0@17.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="dead-letters")


@group.command("list")
def list_newest(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 100,
    every: Annotated[bool, typer.Option("--all", help="Also what was replayed or discarded.")] = False,
    plan: Annotated[
        str | None, typer.Option(help="Only records under this key: the id of their plan.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """The newest dead letters: where each came from and what is wrong with it."""
    from plangate.cli import dead_letters

    dead_letters.list_newest(limit, every=every, plan=plan, as_json=as_json)


@group.command("show")
def show_one(letter: LetterId, as_json: JsonFlag = False) -> None:
    """One dead letter whole: its headers, and its bytes in hex."""
    from plangate.cli import dead_letters

    dead_letters.show_one(letter, as_json=as_json)


@group.command()
def replay(
    letter: LetterId,
    unproven: Annotated[
        bool, typer.Option(help="Also where its topic no longer holds that record: believe the letter.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Put the record back on its topic, once the cause is mended. Repeats are harmless."""
    from plangate.cli import dead_letters

    dead_letters.replay(letter, unproven=unproven, as_json=as_json)


@group.command()
def discard(letter: LetterId, as_json: JsonFlag = False) -> None:
    """Note that nothing is to be done about a letter. It stays on the topic; `list --all` shows it."""
    from plangate.cli import dead_letters

    dead_letters.discard(letter, as_json=as_json)
