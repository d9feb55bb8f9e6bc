"""Asks once more about plans of services whose clearances are not enough any more.

Runs are held against the catalogue in force where they are dispatched. Services have no catalogue, so the
gatekeeper looks for them: once after its start at all that nobody began, and then at what their ledger found.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import Catalogue
from gate_policy.errors import UnjudgeablePlanError
from gate_store import outbox
from gate_store.planned_effects import note_planned_effects
from gate_store.stale import Stale, lock_unbegun, note_stale, stale_ones, to_ask, unbegun, were_asked
from stream_apps.asking_again import AskingAgain, LetRun, let_run
from stream_apps.gatekeeper.window_keys import planned_effects

_log = logging.getLogger("plangate.gatekeeper")


class InForce:
    """Holds what services may begin against the catalogue in force, page by page; then there is no more."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._after: str | None = ""

    @property
    def is_done(self) -> bool:
        """Whether all that was cleared before this start was looked at."""
        return self._after is None

    def look(self, conn: Connection, now: datetime, page: int) -> str | None:
        """Ask about those of the next page that need it; returns where the page ends: hand it to `seen`."""
        digests, end = unbegun(conn, self._after or "", now, page)
        plans = [plan for plan in let_run(conn, digests) if plan.run is None]
        again = AskingAgain(conn, plans, self._catalogue, now)
        effects = (
            each
            for plan in plans
            for each in planned_effects(plan.plan_id, plan.digest, plan.steps, self._catalogue)
        )
        note_planned_effects(conn, effects, now)
        found = [Stale(plan.digest, "; ".join(why)) for plan in plans if (why := _unmet(again, plan))]
        free = lock_unbegun(conn, [each.digest for each in found]) - stale_ones(conn, digests)
        stale = [each for each in found if each.digest in free]
        note_stale(conn, stale, now)
        _ask(conn, again, plans, stale, now)
        return end

    def seen(self, end: str | None) -> None:
        """Committed: the next look begins behind it."""
        self._after = end


def ask_about_stale(conn: Connection, catalogue: Catalogue, now: datetime, limit: int) -> int:
    """Ask about the plans that the ledger of services did not let begin; returns how many were looked at."""
    found = to_ask(conn, limit)
    if not found:
        return 0
    free = lock_unbegun(conn, [each.digest for each in found])
    plans = let_run(conn, sorted(free))
    _ask(conn, AskingAgain(conn, plans, catalogue, now), plans, found, now)
    return len(found)


def _ask(
    conn: Connection, again: AskingAgain, plans: Sequence[LetRun], stale: Sequence[Stale], now: datetime
) -> None:
    why = {each.digest: each.why for each in stale}
    questions = [_question(again, plan, why[plan.digest]) for plan in plans if plan.digest in why]
    outbox.put(conn, [each for each in questions if each], now)
    were_asked(conn, why.keys(), now)


def _unmet(again: AskingAgain, plan: LetRun) -> list[str]:
    try:
        return again.unmet(plan)
    except UnjudgeablePlanError as error:
        return [str(error)]


def _question(again: AskingAgain, plan: LetRun, why: str) -> ApprovalRequested | None:
    try:
        return again.question(plan, [why])
    except UnjudgeablePlanError as error:
        _log.error(
            "plan %s may not begin (%s) and cannot be asked again: %s",
            plan.plan_id,
            why,
            error,
            extra={"plan_id": plan.plan_id},
        )
        return None
