"""`plangate runs`: the LangGraph runs that Plangate watches."""

from typing import Annotated

import typer

from gate_store import queries
from plangate.cli.output import JsonFlag, show
from plangate.cli.stores import reading
from plangate.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(runs)


def runs(
    status: Annotated[str | None, typer.Option(help="Only runs in this state, such as PAUSED.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the one that moved last first.")] = 100,
    as_json: JsonFlag = False,
) -> None:
    """Runs, their state, and why one failed."""
    with reading(load_settings()) as conn:
        found = queries.list_runs(conn, status, limit)
    columns = ("thread_id", "graph", "status", "plan_id", "attempts", "error")
    show(found, as_json=as_json, title="Runs", columns=columns)
