"""How many doubts are asked about in one go, and how many questions of one plan stand open.

A question carries all steps of its plan, by which its digest can be checked: about each of n steps, that is n
times n steps. So questions are counted in bytes.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from gate_store.claims import BEFORE_RESTORE
from gate_store.dialects import among, octets, word
from gate_store.paging import MOST_BYTES
from gate_store.tables import clearances, effects

AT_ONCE = 4_194_304
"""Bytes of the questions of one go: those of the largest record (`largest_record_bytes`)."""
OF_ONE_PLAN = MOST_BYTES
"""Bytes of the questions about one plan that stand open: the next are asked as these are answered."""
TOLD_WITHIN = timedelta(minutes=1)

_IN_DOUBT = effects.c.state == word("IN_DOUBT")


class _Plan(NamedTuple):
    """A cleared plan of which some doubts wait for their question, and others have one."""

    digest: str
    unasked: int
    asked: int
    size: int


def next_unasked(conn: Connection, now: datetime, plan_ids: Collection[UUID] | None) -> list[UUID]:
    """Effects of services to ask about next, of `plan_ids` or of all: as many as go at once, one at least.

    Of each plan one before any has its next, so that none waits for a plan of many steps. What a restored
    store does not know of may be told by outcomes that are being read again.
    """
    unasked: list[ColumnElement[bool]] = [
        _IN_DOUBT,
        effects.c.doubt_id.is_(None),
        effects.c.thread_id.is_(None),
        or_(effects.c.executor != BEFORE_RESTORE, effects.c.claimed_at <= now - TOLD_WITHIN),
    ]
    if plan_ids is not None:
        unasked.append(among(conn, effects.c.plan_id, plan_ids))
    shares = _shares(_plans(conn, unasked))
    if not shares:
        return []
    order = [effects.c.claimed_at, effects.c.step_id]
    nth = func.row_number().over(partition_by=effects.c.digest, order_by=order).label("nth")
    of_these = among(conn, effects.c.digest, shares)
    ranked = select(effects.c.effect_id, effects.c.digest, nth).where(*unasked, of_these).subquery()
    found = conn.execute(select(ranked).where(ranked.c.nth <= max(shares.values())))
    return [row.effect_id for row in found if row.nth <= shares[row.digest]]


def at_once(conn: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Row[*tuple[Any, ...]]]:
    """The first of these effects, as many as are asked about in one go, one at least."""
    sizes = _sizes(conn, {row.digest for row in rows})
    taken: list[Row[*tuple[Any, ...]]] = []
    left = AT_ONCE
    for row in rows:
        left -= sizes[row.digest]
        if left < 0 and taken:
            break
        taken.append(row)
    return taken


def _plans(conn: Connection, unasked: Sequence[ColumnElement[bool]]) -> list[_Plan]:
    of_plans = select(effects.c.digest, effects.c.plan_id, func.count().label("n"))
    found = conn.execute(of_plans.where(*unasked).group_by(effects.c.digest, effects.c.plan_id)).all()
    if not found:
        return []
    asked = select(effects.c.digest, func.count().label("n")).where(
        among(conn, effects.c.plan_id, {row.plan_id for row in found}),
        _IN_DOUBT,
        effects.c.doubt_id.is_not(None),
    )
    open_now = {row.digest: row.n for row in conn.execute(asked.group_by(effects.c.digest))}
    sizes = _sizes(conn, {row.digest for row in found})
    return [_Plan(row.digest, row.n, open_now.get(row.digest, 0), sizes[row.digest]) for row in found]


def _shares(plans: Sequence[_Plan]) -> Mapping[str, int]:
    """How many of each plan are asked about now, by digest."""
    shares: Counter[str] = Counter()
    left = AT_ONCE
    for _, digest, size in merge(*(_turns(plan) for plan in plans)):
        left -= size
        if left < 0 and shares:
            break
        shares[digest] += 1
    return shares


def _turns(plan: _Plan) -> Iterator[tuple[int, str, int]]:
    most = max(OF_ONE_PLAN // plan.size, 1)
    return ((nth, plan.digest, plan.size) for nth in range(plan.asked, min(plan.asked + plan.unasked, most)))


def _sizes(conn: Connection, digests: Collection[str]) -> dict[str, int]:
    """The bytes of what was cleared under these digests, and so of a question about a step of it."""
    size = octets(conn, clearances.c.record)
    found = conn.execute(
        select(clearances.c.digest, size.label("size")).where(among(conn, clearances.c.digest, digests))
    )
    return {row.digest: row.size for row in found}
