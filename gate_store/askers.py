"""Whose questions are counted together, and how many of theirs are open."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from gate_events.ids import derived
from gate_events.names import name_key
from gate_store.dialects import among, lock_names, word
from gate_store.plan_owners import PlanRecord
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import gates, undo_plans


@dataclass(frozen=True, slots=True, order=True)
class Asker:
    """An agent of a proposer, both as names are compared.

    Plans of runs are counted apart from those of services: whoever writes `plans` may use any name there, but
    makes no run.
    """

    proposer: str
    agent: str
    of_runs: bool

    @classmethod
    def of(cls, record: PlanRecord) -> "Asker":
        """Whose question this plan is."""
        return cls(name_key(record.proposer), name_key(record.agent.name), record.run is not None)


def lock_askers(conn: Connection, askers: Iterable[Asker]) -> None:
    """Let nobody else open a gate of these proposers until the transaction ends; plans are locked before."""
    lock_names(conn, {derived("open gates", each.proposer, each.of_runs) for each in askers})


def open_of_askers(conn: Connection, proposers: Collection[str]) -> dict[Asker, int]:
    """How many questions of whose plans are open, of all agents of these proposers."""
    of_runs = gates.c.thread_id.is_not(None)
    is_open = (gates.c.state == word("PENDING"), among(conn, gates.c.proposer, proposers))
    found = conn.execute(
        select(gates.c.proposer, gates.c.agent, of_runs, func.count())
        .where(*is_open)
        .group_by(gates.c.proposer, gates.c.agent, of_runs)
    )
    return {Asker(proposer, agent, bool(runs)): count for proposer, agent, runs, count in found}


def open_of_agent(conn: Connection, asker: Asker, most: int) -> int:
    """How many questions of its plans are open; of `most` and more, `most`."""
    of_runs = gates.c.thread_id.is_not(None) if asker.of_runs else gates.c.thread_id.is_(None)
    whose = (gates.c.proposer == asker.proposer, gates.c.agent == asker.agent, of_runs)
    some = select(gates.c.gate_id).where(gates.c.state == word("PENDING"), *whose).limit(most).subquery()
    count: int = conn.execute(select(func.count()).select_from(some)).scalar_one()
    return count


def places_taken(conn: Connection, records: Collection[PlanRecord]) -> set[UUID]:
    """Those of these plans that take the place of an open question, or take an executed plan back."""
    plans = {each.plan_id: each for each in records}
    threads = {each.run.thread_id: each.plan_id for each in records if each.run}
    if not plans:
        return set()
    rivals = or_(among(conn, gates.c.plan_id, plans), among(conn, gates.c.thread_id, threads))
    found = conn.execute(
        select(gates.c.plan_id, gates.c.thread_id).where(
            gates.c.state == word("PENDING"), *ASKS_BEFORE, rivals
        )
    )
    taken = {plan for row in found for plan in (row.plan_id, threads.get(row.thread_id)) if plan in plans}
    undoing = select(undo_plans.c.plan_id).where(among(conn, undo_plans.c.plan_id, plans))
    return taken | set(conn.execute(undoing).scalars())
