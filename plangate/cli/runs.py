"""What `plangate runs` does."""

from collections.abc import Mapping
from typing import Any

from gate_store import queries
from gate_store.database import utc_now
from gate_store.heartbeats import GATEKEEPER, ROUTER
from gate_store.queued_plans import QUEUED
from gate_store.tables import RUN_STATES
from plangate.cli.failures import CommandError
from plangate.cli.heard_of import not_done, not_resumed
from plangate.cli.output import print_json, say, say_missing, say_page, table
from plangate.cli.stopped import what_is_stopped
from plangate.cli.stores import reading
from plangate.settings import load_settings


def runs(status: str | None, limit: int, page: int, *, as_json: bool) -> None:
    """Show a page of the runs in this state, or in any. Raises CommandError."""
    status = _known(status)
    settings = load_settings()
    with reading(settings) as conn:
        found = queries.list_runs(conn, status, limit, (page - 1) * limit)
        count = queries.count_runs(conn, status)
        missing = [not_done(conn, utc_now(), ROUTER, GATEKEEPER), not_resumed(conn, utc_now())]
        stops = what_is_stopped(settings, conn)
    if as_json:
        print_json(found)
    elif found:
        table("Runs", ("run", "state", "plan", "why"), map(_line, found), whole=("run", "state", "plan"))
    else:
        say("Runs: none")
    say_page(len(found), count, page, limit)
    say_missing("; ".join(filter(None, missing)), as_json=as_json)
    say_missing(stops, as_json=as_json)


def _line(run: Mapping[str, Any]) -> tuple[list[str], list[str], str, str]:
    """What fits into 80 columns: two lines in a cell, and of a plan's id what `plangate show` needs."""
    state = [each for each in (run["decided"], run["status"]) if each]
    why = f"waits: {QUEUED}" if run["queued"] else run["error"]
    return [run["thread_id"], run["graph"]], state, str(run["plan_id"] or "")[:8], why


def _known(status: str | None) -> str | None:
    if status is None or status.upper() in RUN_STATES:
        return status and status.upper()
    raise CommandError(f"no run is ever {status!r}", f"--status is one of {', '.join(RUN_STATES)}")
