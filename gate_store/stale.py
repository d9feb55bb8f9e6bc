"""Clearances of services that are not enough any more: the plan is not begun, and its question comes again.

Nothing revokes them: the next verdict renews them under the same digest, with a higher attempt. A plan that
was begun goes on.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from gate_store.bulk import insert_new
from gate_store.clearance_states import begun, begun_by_word, is_revoked, ran
from gate_store.dialects import among
from gate_store.plain_text import storable
from gate_store.tables import clearances, effects, gates, planned_effects, stale_clearances

_IN_FORCE: ColumnElement[bool] = stale_clearances.c.attempt >= clearances.c.attempt
REPEATS = "what step {} does was already done meanwhile, by plan {}"


class Stale(NamedTuple):
    """A clearance, by the digest of its plan, and why a human must be asked once more."""

    digest: str
    why: str


def why_stale(conn: Connection, digest: str) -> str | None:
    """Why this plan may not be begun until it is approved once more; None: it may."""
    found = select(stale_clearances.c.why).join_from(
        stale_clearances, clearances, clearances.c.digest == stale_clearances.c.digest
    )
    return conn.execute(found.where(stale_clearances.c.digest == digest, _IN_FORCE).limit(1)).scalar()


def stale_ones(conn: Connection, digests: Collection[str]) -> set[str]:
    """Those of these plans that may not be begun until they are approved once more."""
    if not digests:
        return set()
    found = select(stale_clearances.c.digest).join_from(
        stale_clearances, clearances, clearances.c.digest == stale_clearances.c.digest
    )
    return set(conn.execute(found.where(among(conn, clearances.c.digest, digests), _IN_FORCE)).scalars())


def why_repeats(conn: Connection, digest: str, now: datetime) -> str | None:
    """Which effect of a plan another plan has had since it was judged, within its window; None: none."""
    judged_at = func.coalesce(gates.c.requested_at, clearances.c.cleared_at)
    of_others = and_(
        effects.c.window_key == planned_effects.c.window_key,
        effects.c.plan_id != planned_effects.c.plan_id,
        effects.c.state != "FAILED",
    )
    found = conn.execute(
        select(planned_effects.c.step_id, planned_effects.c.window_s, effects.c.plan_id, effects.c.claimed_at)
        .join_from(planned_effects, clearances, clearances.c.digest == planned_effects.c.digest)
        .join(gates, gates.c.gate_id == clearances.c.gate_id, isouter=True)
        .join(effects, and_(of_others, effects.c.claimed_at > judged_at))
        .where(planned_effects.c.digest == digest, planned_effects.c.window_s.is_not(None))
        .order_by(planned_effects.c.step_id)
    )
    for row in found:
        if row.claimed_at > now - timedelta(seconds=row.window_s):
            return REPEATS.format(row.step_id, row.plan_id)
    return None


def note_stale(conn: Connection, found: Iterable[Stale], now: datetime) -> None:
    """Let these plans not be begun by what cleared them; the gatekeeper asks about them."""
    by_digest = {each.digest: storable(each.why) for each in found}
    if not by_digest:
        return
    cleared = conn.execute(
        select(clearances.c.digest, clearances.c.attempt).where(among(conn, clearances.c.digest, by_digest))
    )
    rows = [
        {"digest": row.digest, "attempt": row.attempt, "why": by_digest[row.digest], "at": now}
        for row in cleared
    ]
    insert_new(conn, stale_clearances, rows, "digest", "attempt")


def to_ask(conn: Connection, limit: int) -> list[Stale]:
    """Those about which nobody was asked yet, the oldest first; locked: another gatekeeper gets others."""
    found = conn.execute(
        select(stale_clearances.c.digest, stale_clearances.c.why)
        .where(stale_clearances.c.asked_at.is_(None))
        .order_by(stale_clearances.c.at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Stale(row.digest, row.why) for row in found]


def were_asked(conn: Connection, digests: Collection[str], now: datetime) -> None:
    """People were asked about these, or need not be: nothing asks again about what cleared them."""
    if not digests:
        return
    conn.execute(
        update(stale_clearances)
        .where(among(conn, stale_clearances.c.digest, digests), stale_clearances.c.asked_at.is_(None))
        .values(asked_at=now)
    )
    cleared_by = select(clearances.c.gate_id).where(among(conn, clearances.c.digest, digests))
    conn.execute(update(gates).where(gates.c.gate_id.in_(cleared_by)).values(asked_again_at=now))


def lock_unbegun(conn: Connection, digests: Collection[str]) -> set[str]:
    """Those of these plans that nobody began, and nobody begins until this transaction ends."""
    if not digests:
        return set()
    locked = select(clearances.c.digest).where(among(conn, clearances.c.digest, digests))
    # gates first, as everywhere: they are marked in `were_asked`
    cleared_by = select(clearances.c.gate_id).where(among(conn, clearances.c.digest, digests))
    held = select(gates.c.gate_id).where(gates.c.gate_id.in_(cleared_by)).order_by(gates.c.gate_id)
    conn.execute(held.with_for_update()).all()
    # FOR UPDATE: an effect that begins holds its clearance by the foreign key: one waits for the other
    conn.execute(locked.order_by(clearances.c.digest).with_for_update()).all()
    return set(conn.execute(locked.where(~or_(begun(), begun_by_word(), ran(), is_revoked()))).scalars())


def unbegun(conn: Connection, after: str, now: datetime, page: int) -> tuple[list[str], str | None]:
    """Of the next `page` clearances by digest those that may still be begun, and where the page ends.

    None: there are no more.
    """
    read = select(clearances.c.digest).where(clearances.c.digest > after).order_by(clearances.c.digest)
    digests: Sequence[str] = conn.execute(read.limit(page)).scalars().all()
    if not digests:
        return [], None
    stale = exists().where(stale_clearances.c.digest == clearances.c.digest, _IN_FORCE)
    may_begin = (
        select(clearances.c.digest)
        .where(clearances.c.digest > after, clearances.c.digest <= digests[-1])
        .where(or_(clearances.c.use_by.is_(None), clearances.c.use_by > now))
        .where(~or_(begun(), begun_by_word(), ran(), is_revoked(), stale))
    )
    return list(conn.execute(may_begin).scalars()), digests[-1]
