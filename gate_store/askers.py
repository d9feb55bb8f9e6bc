"""Whose questions are counted together, and how many of theirs are open."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, or_, select

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


def open_of_agent(conn: Connection, asker: Asker, most: int) -> int:
    """How many questions of its plans are open; of `most` and more, `most`."""
    return _count(conn, _open_of_proposer(asker).where(gates.c.agent == asker.agent), most)


def open_of_proposer(conn: Connection, asker: Asker, most: int) -> int:
    """The same of all agents of its proposer."""
    return _count(conn, _open_of_proposer(asker), most)


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


def _open_of_proposer(asker: Asker) -> Select[Any]:
    of_runs = gates.c.thread_id.is_not(None) if asker.of_runs else gates.c.thread_id.is_(None)
    is_open = (gates.c.state == word("PENDING"), gates.c.proposer == asker.proposer)
    return select(gates.c.gate_id).where(*is_open, of_runs)


def _count(conn: Connection, found: Select[Any], most: int) -> int:
    count: int = conn.execute(select(func.count()).select_from(found.limit(most).subquery())).scalar_one()
    return count
