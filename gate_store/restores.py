"""What is noted of a store that was restored from a backup: what may have been done that it does not know."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from gate_store.bulk import insert_new
from gate_store.claims import BEFORE_RESTORE
from gate_store.dialects import among, read, whole
from gate_store.tables import lost_plans, restores, told_before, workers

Told = Mapping[str, Mapping[str, str]]
"""What outcomes on the log say, by the plan's digest and by step, in plain English."""

_QUESTIONS_A_RESTORE = 1_000  # more about one step or plan than anybody is asked


@dataclass(frozen=True, slots=True)
class Restore:
    """The store was restored from a backup of `since`; it was lost at `until`. Its number counts from 1."""

    nth: int
    since: datetime
    until: datetime
    idempotent: frozenset[str] = frozenset()  # action types that are simply repeated

    @property
    def known(self) -> str:
        """What is known of what was done meanwhile."""
        since, until = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for at in (self.since, self.until))
        return (
            f"the store was restored from a backup of {since} UTC"
            f" and does not know what was done from then until {until}"
        )


@dataclass(frozen=True, slots=True)
class LostPlan:
    """A plan that may have run after the backup. `thread_id`: of a run that does not know it."""

    plan_id: UUID
    thread_id: str | None = None
    told: Told = field(default_factory=dict)


def last_restore(conn: Connection) -> Restore | None:
    """The last one; None: the store was never restored."""
    row = conn.execute(
        select(restores.c.nth, restores.c.since, restores.c.until)
        .add_columns(whole(restores.c.idempotent).label("idempotent"))
        .order_by(restores.c.nth.desc())
        .limit(1)
    ).one_or_none()
    return Restore(row.nth, row.since, row.until, read(row.idempotent, frozenset[str])) if row else None


def restored_since(conn: Connection, since: datetime) -> bool:
    """Whether that very restore is noted."""
    return conn.execute(select(restores.c.nth).where(restores.c.since == since)).first() is not None


def first_attempt(conn: Connection) -> int:
    """The least attempt of a question of our own, about a doubt or once more about a plan.

    An answer of before the restore is about another one, though it was asked about the same step or plan.
    """
    last = conn.execute(select(restores.c.nth).order_by(restores.c.nth.desc()).limit(1)).scalar()
    return 1 + _QUESTIONS_A_RESTORE * (last or 0)


def note_restore(
    conn: Connection, since: datetime, until: datetime, idempotent: Collection[str], now: datetime
) -> Restore:
    """Note that the store was restored; nothing that began an effect before is alive."""
    last = last_restore(conn)
    restore = Restore(1 + (last.nth if last else 0), since, until, frozenset(idempotent))
    moments = {"since": since, "until": until, "noted_at": now}
    row = {"nth": restore.nth, **moments, "idempotent": sorted(restore.idempotent)}
    insert_new(conn, restores, [row], "nth")
    gone = {"name": BEFORE_RESTORE, "instance": BEFORE_RESTORE, "started_at": now, "ended_at": now}
    insert_new(conn, workers, [gone], "name")
    return restore


def note_lost_plans(conn: Connection, lost: Iterable[LostPlan]) -> None:
    """Note plans that may have run; what is noted of one before gives way."""
    rows = [
        {"plan_id": each.plan_id, "thread_id": each.thread_id, "redone_as": None, "told": each.told}
        for each in lost
    ]
    if rows:
        before = among(conn, lost_plans.c.plan_id, [row["plan_id"] for row in rows])
        conn.execute(delete(lost_plans).where(before))
        insert_new(conn, lost_plans, rows, "plan_id")


def note_told(conn: Connection, words: Iterable[str]) -> None:
    """Note what services were told of: clearances by digest, verdicts by event id."""
    insert_new(conn, told_before, [{"word": each} for each in dict.fromkeys(words)], "word")


def told_of(conn: Connection, words: Collection[str]) -> set[str]:
    """Those of these that services were told of before the store was restored: nobody tells them twice."""
    if not words:
        return set()
    told = select(told_before.c.word).where(among(conn, told_before.c.word, words))
    return set(conn.execute(told).scalars())


def lost_among(conn: Connection, threads: Mapping[UUID, str | None]) -> dict[UUID, Told]:
    """Which of these plans may have run before, each with what outcomes say of it.

    `threads` by plan, of those of runs. A run that was taken back to its checkpoint asks anew what it had
    asked: under another plan id, so that its next plan takes the place of one that is not known to it.
    """
    lost: dict[UUID, Told] = {
        row.plan_id: read(row.told, dict[str, dict[str, str]])
        for row in conn.execute(
            select(lost_plans.c.plan_id, whole(lost_plans.c.told).label("told")).where(
                among(conn, lost_plans.c.plan_id, threads)
            )
        )
    }
    others = {plan: thread for plan, thread in threads.items() if thread is not None and plan not in lost}
    return lost | {plan: {} for plan in _in_the_place_of_lost_ones(conn, others)}


def _in_the_place_of_lost_ones(conn: Connection, threads: Mapping[UUID, str]) -> Iterable[UUID]:
    if not threads:
        return
    found = conn.execute(
        select(lost_plans.c.plan_id, lost_plans.c.thread_id, lost_plans.c.redone_as)
        .where(among(conn, lost_plans.c.thread_id, set(threads.values())))
        .order_by(lost_plans.c.plan_id)
        .with_for_update()
    ).all()
    redone = {row.redone_as for row in found}
    left = [row for row in found if row.redone_as is None]
    for plan, thread in threads.items():
        if plan in redone:
            yield plan
        elif place := next((row for row in left if row.thread_id == thread), None):
            left.remove(place)
            of_it = lost_plans.c.plan_id == place.plan_id
            conn.execute(update(lost_plans).where(of_it).values(redone_as=plan))
            yield plan
