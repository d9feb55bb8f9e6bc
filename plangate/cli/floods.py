"""Whose plans wait because their agent has as many open gates as it may: a line for each agent."""

from collections.abc import Sequence

from sqlalchemy import Connection

from gate_events.names import name_key
from gate_events.shown import shown
from gate_store.askers import Asker, open_of_agent
from gate_store.backlog import MANY
from gate_store.queued_plans import Queue, queues
from plangate.cli.counting import counted

_LINES = 10


def floods(conn: Connection, agent: str | None = None, proposer: str | None = None) -> list[Queue]:
    """Who waits, as far as agent and proposer are those, where they are given."""
    return [
        each for each in queues(conn) if _is(agent, each.asker.agent) and _is(proposer, each.asker.proposer)
    ]


def lines(conn: Connection, found: Sequence[Queue]) -> list[str]:
    """A line for each agent, the first that waits first; of many the rest is counted."""
    told = [_line(conn, each) for each in found[:_LINES]]
    if more := found[_LINES:]:
        plans = sum(each.plans for each in more)
        told.append(f"{counted(len(more), 'more agent')}: {_wait(plans, 'more')}")
    return told


def named(asker: Asker) -> str:
    """An agent and its proposer."""
    return f"agent {shown(asker.agent)} of proposer {shown(asker.proposer)}"


def _line(conn: Connection, queue: Queue) -> str:
    open_ = open_of_agent(conn, queue.asker, MANY)
    return f"{named(queue.asker)}: {counted(open_, 'open gate')}; {_wait(queue.plans, 'more')}"


def _wait(plans: int, more: str) -> str:
    return counted(plans, f"{more} plan waits", f"{more} plans wait")


def _is(wanted: str | None, name: str) -> bool:
    return wanted is None or name_key(wanted) == name
