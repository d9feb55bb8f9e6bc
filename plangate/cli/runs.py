"""`plangate runs`: the LangGraph runs that Plangate watches."""

from typing import Annotated

import typer

from gate_store import queries
from plangate.cli.output import JsonFlag, Limit, Page, say_page, show
from plangate.cli.stores import reading
from plangate.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(runs)


def runs(
    status: Annotated[str | None, typer.Option(help="Only runs in this state, such as PAUSED.")] = None,
    limit: Limit = 100,
    page: Page = 1,
    as_json: JsonFlag = False,
) -> None:
    """Runs, their state, and why one failed; the one that moved last first."""
    with reading(load_settings()) as conn:
        found = queries.list_runs(conn, status, limit, (page - 1) * limit)
        count = queries.count_runs(conn, status)
    columns = ("thread_id", "graph", "status", "plan_id", "attempts", "error")
    show(found, as_json=as_json, title="Runs", columns=columns)
    say_page(len(found), count, page, limit)
