"""`plangate runs`: the LangGraph runs that Plangate watches."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag, Limit, Page


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(runs)


def runs(
    status: Annotated[str | None, typer.Option(help="Only runs in this state, such as PAUSED.")] = None,
    limit: Limit = 100,
    page: Page = 1,
    as_json: JsonFlag = False,
) -> None:
    """Runs: what was decided on their plans, how they ended, and why one failed; the last moved first.

    `decided` is PENDING, APPROVED, REJECTED, RESPONDED, EXPIRED or WITHDRAWN, or CLEARED where nobody was
    asked. `status` is the run's own: a rejected one is DONE where its graph heard that and came to its end.
    """
    from plangate.cli.runs import runs as show_runs

    show_runs(status, limit, page, as_json=as_json)
