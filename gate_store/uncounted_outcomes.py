"""Outcomes beside the one that is kept: they wait for their plan's clearance, or do not count."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, Table, delete, exists, func, literal, or_, select, union_all

from gate_events.records import PlanExecuted
from gate_events.words import StepStatus
from gate_store.bulk import delete_rows, insert_new
from gate_store.cleared_plans import has_run
from gate_store.dialects import among, read, whole
from gate_store.paging import first_rows
from gate_store.room import OUTCOMES, Waiting, large
from gate_store.tables import clearances, plan_outcomes, uncounted_outcomes

NOT_CLEARED = (
    "nothing follows from it: its plan was not cleared under this digest; tell the outcome of what was"
    " cleared"
)

Key = tuple[UUID, str, int]
KEPT_BY = ("plan_id", "digest", "attempt")
_KEY = (*KEPT_BY, "told")


@dataclass(frozen=True, slots=True)
class Heard:
    """An outcome as it came; `said_at` is the broker's moment, where it keeps one."""

    told: PlanExecuted
    recorded_at: datetime
    said_at: datetime | None

    @property
    def key(self) -> Key:
        """The attempt that it speaks of."""
        return self.told.plan_id, self.told.digest, self.told.attempt

    @property
    def moment(self) -> datetime:
        """When it was heard of, which its writer cannot choose."""
        return self.said_at or self.recorded_at


def says(told: PlanExecuted) -> tuple[Any, ...]:
    """What two outcomes of one attempt must agree about."""
    tried = {r.step_id: r.status for r in told.results if r.status is not StepStatus.SKIPPED}
    return (tried, has_run(told))


def wait_beside(conn: Connection, others: Iterable[Heard]) -> None:
    """Keep outcomes that say otherwise than the first that waits for the clearance of their plan.

    Which of them is true nobody knows yet: the first may be anybody's.
    """
    insert_new(conn, uncounted_outcomes, [_row(each, None) for each in others], *_KEY)


def waiting_outcomes(conn: Connection, digests: Collection[str], plan_ids: Collection[UUID]) -> list[Heard]:
    """All that was told of these plans, by attempt, the kept ones first; none waits any more."""
    beside = uncounted_outcomes
    waits = (
        among(conn, beside.c.plan_id, plan_ids),
        among(conn, beside.c.digest, digests),
        beside.c.why.is_(None),
    )
    kept = (among(conn, plan_outcomes.c.plan_id, plan_ids), among(conn, plan_outcomes.c.digest, digests))
    both = union_all(_told(plan_outcomes, 0).where(*kept), _told(beside, 1).where(*waits)).subquery()
    rows = conn.execute(select(both).order_by(both.c.attempt, both.c.beside, both.c.recorded_at)).all()
    if any(row.beside for row in rows):
        conn.execute(delete(beside).where(*waits))
    return [Heard(read(row.record, PlanExecuted), row.recorded_at, row.said_at) for row in rows]


def waiting_of(conn: Connection, plan_ids: Collection[UUID]) -> Waiting:
    """How much waits for clearances of these plans."""
    waits = Waiting(OUTCOMES)
    if not plan_ids:
        return waits
    kept, beside = plan_outcomes, uncounted_outcomes
    cleared = exists().where(clearances.c.digest == kept.c.digest, clearances.c.plan_id == kept.c.plan_id)
    for table, waiting in ((kept, ~cleared), (beside, beside.c.why.is_(None))):
        found = conn.execute(
            select(table.c.plan_id, func.count(), large(conn, table.c.record))
            .where(among(conn, table.c.plan_id, plan_ids), waiting)
            .group_by(table.c.plan_id)
        )
        for plan_id, records, large_bytes in found:
            waits.note(plan_id, None, records, large_bytes)
    return waits


def _told(table: Table, beside: int) -> Select[Any]:
    columns = (table.c.attempt, table.c.recorded_at, table.c.said_at, whole(table.c.record).label("record"))
    return select(*columns, literal(beside).label("beside"))


def set_aside(conn: Connection, others: Iterable[tuple[Heard, str]]) -> None:
    """Outcomes that do not count, and why; the clock makes dead letters of them."""
    rows = [_row(heard, why) for heard, why in others]
    insert_new(conn, uncounted_outcomes, rows, *_KEY)


class GivenUp(NamedTuple):
    """Outcomes with the reason, and whether these are all that were due."""

    letters: list[tuple[PlanExecuted, str]]
    are_all: bool


def give_up_uncounted(conn: Connection, waited_since: datetime, limit: int) -> GivenUp:
    """Those that do not count, and those that waited since then for their clearance in vain; with why."""
    table = uncounted_outcomes
    lost = (
        select(*(table.c[name] for name in _KEY), table.c.why, whole(table.c.record).label("record"))
        .where(or_(table.c.why.is_not(None), table.c.recorded_at <= waited_since))
        .order_by(table.c.recorded_at)
        .limit(limit)
    )
    found, are_all = first_rows(conn, lost, "record")
    delete_rows(conn, table, [{name: getattr(row, name) for name in _KEY} for row in found])
    letters = [(read(row.record, PlanExecuted), row.why or NOT_CLEARED) for row in found]
    return GivenUp(letters, are_all and len(found) < limit)


def _row(heard: Heard, why: str | None) -> dict[str, Any]:
    plan_id, digest, attempt = heard.key
    tried, has_run_at_all = says(heard.told)
    text = repr((sorted((step, status.value) for step, status in tried.items()), has_run_at_all))
    return {
        "plan_id": plan_id,
        "digest": digest,
        "attempt": attempt,
        "told": hashlib.sha256(text.encode()).hexdigest(),
        "recorded_at": heard.recorded_at,
        "said_at": heard.said_at,
        "why": why,
        "record": heard.told,
    }
