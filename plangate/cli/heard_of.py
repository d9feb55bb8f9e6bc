"""Who does nothing now, said where somebody would wait for it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from gate_events.shown import shown
from gate_store.backlog import ready_runs
from gate_store.dialects import store_moment
from gate_store.heartbeats import GATEKEEPER, RESUMER, ROUTER, Heard, heard
from plangate.cli.moments import said

_NOT_DONE = {
    ROUTER: "nobody takes up plans now",
    GATEKEEPER: "nobody acts on decisions now",
    RESUMER: "nobody resumes runs now",
}


def missing(part: str, found: Iterable[Heard], doing: str = "") -> str:
    """Why nobody does a part, in words; empty where somebody does. `doing` says which kind is meant."""
    of_part = [each for each in found if each.part == part]
    if any(each.does_its_part for each in of_part):
        return ""
    who = f"{part}{doing}"
    if in_trouble := next((each for each in of_part if not each.is_silent), None):
        return f"{who} {shown(in_trouble.process.name)} says: {shown(in_trouble.trouble or '')}"
    if not of_part:
        return f"no {who} heard of"
    return f"no {who} heard of since {said(max(each.last for each in of_part))}"


def not_done(conn: Connection, now: datetime, *parts: str) -> str:
    """That nobody does these parts now, in one line; empty where all are done."""
    found = heard(conn, now)
    return "; ".join(f"{_NOT_DONE[part]}: {why}" for part in parts if (why := missing(part, found)))


def not_resumed(conn: Connection, now: datetime) -> str:
    """That nobody resumes runs that are READY, in one line; empty where somebody does."""
    found = heard(conn, now)
    waiting = ready_runs(conn, store_moment(conn, now))
    return "; ".join(
        f"{_NOT_DONE[RESUMER]} of graph {shown(graph)}: {why}"
        for graph in waiting
        if (why := missing(RESUMER, having(graph, found), " of it"))
    )


def having(graph: str, found: Sequence[Heard]) -> list[Heard]:
    """The resumers that have a graph."""
    return [each for each in found if each.part == RESUMER and graph in each.process.graphs]
