"""Plans whose agent has as many open gates as it may: each is asked about once one of these closes.

What is kept is the question as it would have been asked when the plan came. What is asked in the end is
judged then.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, func, or_, select

from gate_events.ids import derived, request_id
from gate_events.names import name_key
from gate_events.records import ApprovalRequested
from gate_events.words import RequestKind, Timing
from gate_store.askers import Asker
from gate_store.bulk import delete_rows, insert_new, update_rows
from gate_store.dialects import among, read, whole
from gate_store.plain_text import storable
from gate_store.plan_owners import PlanRecord
from gate_store.superseding import NEWER_PLAN, NEWER_REVISION
from gate_store.tables import queued_plans

OWN_ATTEMPT = 2  # the first is the router's: a decision on its words never counts for ours

QUEUED = "its agent has as many open gates as it may; it is asked about as they close"

_WAITS = queued_plans.c.why.is_(None)


@dataclass(frozen=True, slots=True)
class Queue:
    """How many plans of one agent wait, and since when the first does."""

    asker: Asker
    plans: int
    since: datetime


def queue_plans(conn: Connection, questions: Sequence[ApprovalRequested], now: datetime) -> None:
    """Keep these until their turn comes, in this order, behind all that wait already."""
    insert_new(conn, queued_plans, [_row(each, now) for each in questions], "arrival")


def queued(conn: Connection, plan_ids: Collection[UUID], threads: Collection[str]) -> list[ApprovalRequested]:
    """What waits of these plans and runs, in order; of a plan that was told in two ways both."""
    of_plans = among(conn, queued_plans.c.plan_id, plan_ids)
    of_threads = among(conn, queued_plans.c.thread_id, threads)
    return _read(conn, _WAITS, or_(of_plans, of_threads) if threads else of_plans)


def ever_queued(conn: Connection, plan_ids: Collection[UUID]) -> list[ApprovalRequested]:
    """What waits of these plans, or waited and was never asked."""
    return _read(conn, among(conn, queued_plans.c.plan_id, plan_ids)) if plan_ids else []


def queued_at(conn: Connection, gate_ids: Collection[UUID]) -> list[ApprovalRequested]:
    """What waits to be asked as these gates."""
    return _read(conn, _WAITS, among(conn, queued_plans.c.gate_id, gate_ids)) if gate_ids else []


def queued_of_agent(conn: Connection, proposer: str, agent: str) -> list[ApprovalRequested]:
    """What waits of an agent, as names are compared, in order; a plan that was told in two ways once."""
    names = (queued_plans.c.proposer == proposer, queued_plans.c.agent == agent)
    found = {each.request_id: each for each in reversed(_read(conn, _WAITS, *names))}
    return list(reversed(found.values()))


def askers_with_queues(conn: Connection, askers: Iterable[Asker]) -> set[Asker]:
    """Those of whose plans some wait already."""
    found = ((each, select(queued_plans.c.arrival).where(*_of(each)).limit(1)) for each in askers)
    return {each for each, first in found if conn.execute(first).first()}


def queues(conn: Connection) -> list[Queue]:
    """All that wait, by agent; whose first one came first stands first."""
    plans = func.count(queued_plans.c.gate_id.distinct())
    names = (queued_plans.c.proposer, queued_plans.c.agent, queued_plans.c.of_runs)
    found = conn.execute(
        select(*names, plans, func.min(queued_plans.c.queued_at))
        .where(_WAITS)
        .group_by(*names)
        .order_by(func.min(queued_plans.c.arrival))
    )
    return [Queue(Asker(*asker), count, at) for *asker, count, at in found]


def askers_in_queue(conn: Connection) -> list[Asker]:
    """Of whose plans some wait; whose first one came first stands first."""
    names = (queued_plans.c.proposer, queued_plans.c.agent, queued_plans.c.of_runs)
    found = select(*names).where(_WAITS).group_by(*names).order_by(func.min(queued_plans.c.arrival))
    return [Asker(*row) for row in conn.execute(found)]


def queued_threads(conn: Connection, threads: Collection[str]) -> set[str]:
    """Of these runs those whose plan waits."""
    if not threads:
        return set()
    of_threads = among(conn, queued_plans.c.thread_id, threads)
    found = conn.execute(select(queued_plans.c.thread_id).where(_WAITS, of_threads))
    return {thread for thread in found.scalars() if thread is not None}


def count_queued(conn: Connection, most: int) -> int:
    """How many plans wait; of `most` and more, `most`."""
    some = select(queued_plans.c.proposer).where(_WAITS).limit(most).subquery()
    count: int = conn.execute(select(func.count()).select_from(some)).scalar_one()
    return count


def whose_turn(conn: Connection, asker: Asker, limit: int, failed: Collection[UUID] = ()) -> list[UUID]:
    """The gates as which the first plans of an agent are asked; the `failed` cannot be now."""
    others = (~among(conn, queued_plans.c.gate_id, failed),) if failed else ()
    first = select(queued_plans.c.gate_id).where(*_of(asker), *others).order_by(queued_plans.c.arrival)
    told_in_two_ways = conn.execute(first.limit(2 * limit)).scalars()
    return list(dict.fromkeys(told_in_two_ways))[:limit]


def as_routed(question: ApprovalRequested) -> ApprovalRequested:
    """What a router would say of a plan that waits."""
    first = request_id(question.plan_id, question.revision, RequestKind.PLAN, Timing.BEFORE)
    return replace(question, event_id=derived("requested", first), request_id=first, attempt=1)


def as_which_asked(record: PlanRecord) -> UUID:
    """The gate as which a plan that waits is asked: a question of our own, in place of a router's."""
    return request_id(record.plan_id, record.revision, RequestKind.PLAN, Timing.BEFORE, attempt=OWN_ATTEMPT)


def leave_queue(conn: Connection, gate_ids: Collection[UUID]) -> None:
    """They are asked."""
    delete_rows(conn, queued_plans, [{"gate_id": each} for each in gate_ids])


def give_up_queued(conn: Connection, reasons: Iterable[tuple[UUID, str]]) -> None:
    """They are never asked, for these reasons."""
    rows = [{"gate_id": gate_id, "why": storable(why)} for gate_id, why in reasons]
    update_rows(conn, queued_plans, rows, ["gate_id"], _WAITS)


def replace_queued(
    conn: Connection, newer: Iterable[PlanRecord], waits: Collection[ApprovalRequested]
) -> None:
    """A later revision of a plan, or a later plan of its run, takes the place of what `waits`."""
    by_plan, by_thread = defaultdict(list), defaultdict(list)
    for each in waits:
        by_plan[each.plan_id].append(each)
        if each.run:
            by_thread[each.run.thread_id].append(each)
    reasons = {}
    for record in newer:
        for older in by_plan[record.plan_id]:
            if older.revision < record.revision:
                reasons[older.request_id] = NEWER_REVISION.format(record.revision)
        for older in by_thread[record.run.thread_id] if record.run else ():
            if older.plan_id != record.plan_id:
                reasons[older.request_id] = NEWER_PLAN.format(record.plan_id)
    give_up_queued(conn, reasons.items())


def _of(asker: Asker) -> tuple[ColumnElement[bool], ...]:
    names = (queued_plans.c.proposer == asker.proposer, queued_plans.c.agent == asker.agent)
    return _WAITS, *names, queued_plans.c.of_runs == asker.of_runs


def _read(conn: Connection, *conditions: ColumnElement[bool]) -> list[ApprovalRequested]:
    found = select(whole(queued_plans.c.request)).where(*conditions).order_by(queued_plans.c.arrival)
    return [read(each, ApprovalRequested) for each in conn.execute(found).scalars()]


def _row(question: ApprovalRequested, now: datetime) -> dict[str, Any]:
    return {
        "gate_id": question.request_id,
        "request_id": as_routed(question).request_id,
        "plan_id": question.plan_id,
        "revision": question.revision,
        "proposer": name_key(question.proposer),
        "agent": name_key(question.agent.name),
        "of_runs": question.run is not None,
        "thread_id": question.run.thread_id if question.run else None,
        "queued_at": now,
        "request": question,
    }
