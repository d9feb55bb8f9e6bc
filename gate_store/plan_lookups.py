"""What the store holds of the plans that claims speak of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from gate_store.dialects import among, whole
from gate_store.tables import clearances, effects, gates, runs


@dataclass(frozen=True, slots=True)
class KnownGate:
    """A gate that is there, open or closed."""

    digest: str
    asks_before: bool


def gates_of(conn: Connection, plan_ids: Iterable[UUID]) -> dict[UUID, KnownGate]:
    """The gates of these plans, by id."""
    columns = (gates.c.gate_id, gates.c.digest, gates.c.kind, gates.c.timing)
    found = conn.execute(
        select(*columns).where(among(conn, gates.c.plan_id, plan_ids)).order_by(gates.c.attempt.desc())
    )
    return {row.gate_id: KnownGate(row.digest, (row.kind, row.timing) == ("PLAN", "BEFORE")) for row in found}


def cleared_digests(conn: Connection, plan_ids: Iterable[UUID]) -> set[str]:
    """What may run of these plans."""
    query = select(clearances.c.digest).where(among(conn, clearances.c.plan_id, plan_ids))
    return set(conn.execute(query).scalars())


def runs_of(conn: Connection, threads: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """What these runs asked, by thread."""
    names = sorted(threads)
    if not names:
        return {}
    found = conn.execute(
        select(
            runs.c.thread_id, runs.c.plan_id, runs.c.asked_digest, whole(runs.c.pause).label("pause")
        ).where(among(conn, runs.c.thread_id, names))
    )
    return {row.thread_id: row for row in found}


def plans_of_runs(conn: Connection, plan_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these plans that runs wait at or execute."""
    query = select(runs.c.plan_id).where(among(conn, runs.c.plan_id, plan_ids))
    return {plan for plan in conn.execute(query).scalars() if plan is not None}


def doubted_steps(conn: Connection, plan_ids: Iterable[UUID]) -> set[tuple[UUID, str]]:
    """The steps of these plans, of runs, that are in doubt and know no gate of their own.

    Those of services wait for their question: the clock asks it, nobody else.
    """
    wanted = set(plan_ids)
    if not wanted:
        return set()
    query = select(effects.c.plan_id, effects.c.step_id).where(
        among(conn, effects.c.plan_id, wanted),
        effects.c.state == "IN_DOUBT",
        effects.c.doubt_id.is_(None),
        effects.c.thread_id.is_not(None),
    )
    return {(row.plan_id, row.step_id) for row in conn.execute(query)}
