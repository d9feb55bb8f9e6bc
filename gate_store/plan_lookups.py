"""What the store holds of the plans that claims speak of."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, case, select

from gate_events.records import PlanCleared
from gate_store.dialects import among, read, whole
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


def cleared_in_words(
    conn: Connection, plan_ids: Iterable[UUID], digests: Collection[str]
) -> dict[str, PlanCleared | None]:
    """What may run of these plans, by digest; of these `digests` the words, where a router's cleared it."""
    by_a_router = and_(clearances.c.gate_id.is_(None), among(conn, clearances.c.digest, digests))
    found = conn.execute(
        select(clearances.c.digest, case((by_a_router, whole(clearances.c.record))).label("words")).where(
            among(conn, clearances.c.plan_id, plan_ids)
        )
    )
    return {row.digest: read(row.words, PlanCleared) if row.words else None for row in found}


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
