"""Publishes again what runs asked and nobody took: a topic was lost, offsets were skipped, a fault mended."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from gate_events.records import PlanProposed
from gate_store import outbox
from gate_store.heartbeats import ROUTER, heard
from gate_store.refused import forget_refusals
from gate_store.unrouted import first_unrouted, paused_since

_log = logging.getLogger("plangate.gatekeeper")
_EVERY = timedelta(seconds=10)
_LONGEST = timedelta(hours=6)  # between two publications of one plan
_LIMIT = 100


class Unrouted:
    """Looks now and then, while a router works; a plan that stays where it is, is published ever more seldom.

    A router that has the plan already, or a gatekeeper, takes a repeat for what it is.
    """

    def __init__(self, store: Engine, after: timedelta, *, is_routed: Callable[[Connection], bool]) -> None:
        """`after`: how long a plan may be under way. `is_routed`: whether a router works."""
        self._store = store
        self._after = after
        self._is_routed = is_routed
        self._pauses: dict[
            UUID, tuple[datetime, timedelta]
        ] = {}  # by plan: when next, and how long after that
        self._looked_to: UUID | None = None
        self._looked_at: datetime | None = None

    def publish(self, now: datetime) -> None:
        """Put what is due into the outbox."""
        if self._looked_at and now - self._looked_at < min(_EVERY, self._after):
            return
        self._looked_at = now
        with self._store.begin() as conn:
            if not self._is_routed(conn):
                return
            found, self._looked_to = first_unrouted(conn, self._looked_to, _LIMIT)
            since = paused_since(conn, [each.plan_id for each in found])
            due = [each for each in found if each.plan_id in since and self._is_due(each, since, now)]
            outbox.put(conn, due, now)
            forget_refusals(conn, [each.plan_id for each in due])
        self._pauses = {plan: each for plan, each in self._pauses.items() if each[0] > now - _LONGEST}
        for plan in due:
            self._note(plan, since[plan.plan_id], now)

    def _is_due(self, plan: PlanProposed, since: dict[UUID, datetime], now: datetime) -> bool:
        next_at, _ = self._pauses.get(plan.plan_id, (since[plan.plan_id] + self._after, self._after))
        return next_at <= now

    def _note(self, plan: PlanProposed, since: datetime, now: datetime) -> None:
        _, pause = self._pauses.get(plan.plan_id, (now, self._after))
        self._pauses[plan.plan_id] = (now + pause, min(2 * pause, _LONGEST))
        thread = plan.run.thread_id if plan.run else None
        _log.warning(
            "nobody took the plan %s of run %r, paused at %s: it is published again",
            plan.plan_id,
            thread,
            since.isoformat(timespec="seconds"),
            extra={"plan_id": plan.plan_id, "thread_id": thread},
        )


def a_router_works(conn: Connection, now: datetime) -> bool:
    """Whether one is heard of: without it a repeat would only be one more record to read."""
    return any(each.part == ROUTER and each.does_its_part for each in heard(conn, now))
