"""`plangate follow THREAD`: what the nodes of a run say behind its gate."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(follow)


def follow(
    thread: Annotated[str, typer.Argument(help="The thread of the run, as `plangate runs` shows it.")],
    raw: Annotated[bool, typer.Option(help="Show fields that the catalogue calls secret.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """What a run's nodes say behind the gate, as they say it, until the run ends.

    They say it with LangGraph's `get_stream_writer()`. With --json, one object a line.
    """
    from plangate.cli.follow import follow as follow_run

    follow_run(thread, raw=raw, as_json=as_json)
