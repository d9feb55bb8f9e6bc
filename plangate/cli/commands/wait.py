"""`plangate wait THREAD`: until a run ends, and how it did."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(wait)


def wait(
    thread: Annotated[str, typer.Argument(help="The thread of the run, as `plangate runs` shows it.")],
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds to wait; else until it ends.")] = None,
    raw: Annotated[bool, typer.Option(help="Show fields that the catalogue calls secret.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Wait until a run ends; say how, what its steps gave, and what its graph returned.

    A run that waits for a human has not ended. Exit code 0: it is DONE, and nobody said no. 1: it is FAILED
    or STALE. 3: time is up. 4: it is DONE, and its plan was not approved.
    """
    from plangate.cli.wait import wait as wait_for

    wait_for(thread, timeout, raw=raw, as_json=as_json)
