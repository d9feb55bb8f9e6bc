"""`plangate runs`: the LangGraph runs that Plangate watches."""

from typing import Annotated

import typer

from gate_store import queries
from gate_store.database import utc_now
from gate_store.heartbeats import GATEKEEPER, ROUTER
from gate_store.tables import RUN_STATES
from plangate.cli.failures import CommandError
from plangate.cli.heard_of import not_done, not_resumed
from plangate.cli.output import JsonFlag, Limit, Page, say_missing, say_page, show
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
    """Runs: what was decided on their plans, how they ended, and why one failed; the last moved first.

    `decided` is PENDING, APPROVED, REJECTED, RESPONDED, EXPIRED or WITHDRAWN, or CLEARED where nobody was
    asked. `status` is the run's own: a rejected one is DONE where its graph heard that and came to its end.
    """
    status = _known(status)
    with reading(load_settings()) as conn:
        found = queries.list_runs(conn, status, limit, (page - 1) * limit)
        count = queries.count_runs(conn, status)
        missing = [not_done(conn, utc_now(), ROUTER, GATEKEEPER), not_resumed(conn, utc_now())]
    columns = ("thread_id", "graph", "decided", "status", "plan_id", "error")
    show(found, as_json=as_json, title="Runs", columns=columns)
    say_page(len(found), count, page, limit)
    say_missing("; ".join(filter(None, missing)), as_json=as_json)


def _known(status: str | None) -> str | None:
    if status is None or status.upper() in RUN_STATES:
        return status and status.upper()
    raise CommandError(f"no run is ever {status!r}", f"--status is one of {', '.join(RUN_STATES)}")
