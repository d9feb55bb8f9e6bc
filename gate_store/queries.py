"""What a person wants to see of the store, as plain dicts that print as JSON."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Row, Select, desc, func, or_, select, true

from gate_events.records import ApprovalRequested
from gate_store.decided import decided_on
from gate_store.dialects import among, whole, word
from gate_store.pending_gates import Wanted, count_gates, gate_ids
from gate_store.queued_plans import queued, queued_threads
from gate_store.tables import (
    clearances,
    decisions,
    effects,
    gates,
    plan_outcomes,
    policies,
    revocations,
    runs,
    stale_clearances,
)
from gate_store.undo_plans import undo_plans_of, undone_by
from gate_store.views import views_of

View = dict[str, Any]

_ALL = Wanted()


def pending(conn: Connection, limit: int = 100, skip: int = 0, wanted: Wanted = _ALL) -> list[View]:
    """The gates that wait for a human, the nearest deadline first, each with its review and its voices.

    And with its `views`: who was shown that it waits, and who opened it. `wanted` may name others.
    """
    ids = gate_ids(conn, wanted, limit, skip)
    found = conn.execute(_gates().where(among(conn, gates.c.gate_id, ids))).all()
    by_id = {UUID(view["request_id"]): view for view in _gate_views(conn, found)}
    return [by_id[gate] for gate in ids if by_id[gate]["state"] == wanted.which]


def count_pending(conn: Connection, wanted: Wanted = _ALL) -> int:
    """How many gates wait for a human."""
    return count_gates(conn, wanted)


def show(conn: Connection, plan_id: UUID) -> View | None:
    """Everything about one plan; None: unknown. `lookup.plan_of` finds the plan of a gate."""
    opened = conn.execute(_gates().where(gates.c.plan_id == plan_id).order_by(gates.c.requested_at)).all()
    cleared = _rows(conn, clearances.c, _PLAN_COLUMNS["clearances"], clearances.c.plan_id == plan_id)
    said = decisions_of(conn, plan_id)
    waits = [{**_as_view(each), "state": "QUEUED"} for each in queued(conn, [plan_id], [])]
    if not opened and not cleared and not said and not waits:
        return None
    outcome = _newest_outcome(conn, plan_id)
    return {
        "plan_id": str(plan_id),
        "gates": _gate_views(conn, opened),
        "queued": waits,
        "decisions": said,
        "clearances": cleared,
        "revocations": _revocations(conn, plan_id),
        "stale": _stale(conn, plan_id),
        "runs": _with_decisions(conn, _rows(conn, runs.c, _PLAN_COLUMNS["runs"], runs.c.plan_id == plan_id)),
        "effects": effects_of(conn, plan_id),
        "outcome": msgspec.json.decode(outcome) if outcome else None,
        "policies": _policies(conn, plan_id),
        "undo_plans": undo_plans_of(conn, plan_id),
        "undoes": undone_by(conn, plan_id),
    }


def _revocations(conn: Connection, plan_id: UUID) -> list[View]:
    """What may run no more, though it was cleared; its gate stays as it was decided."""
    columns = (clearances.c.gate_id, clearances.c.revision, revocations.c.why, revocations.c.at)
    found = conn.execute(
        select(*columns, revocations.c.digest, revocations.c.by_digest)
        .join_from(revocations, clearances, revocations.c.digest == clearances.c.digest)
        .where(clearances.c.plan_id == plan_id)
        .order_by(clearances.c.revision)
    )
    return [_view(row) for row in found]


def _stale(conn: Connection, plan_id: UUID) -> list[View]:
    """What may not begin by what cleared it: it is asked about once more, as a later attempt."""
    columns = (stale_clearances.c.attempt, stale_clearances.c.why, stale_clearances.c.at)
    found = conn.execute(
        select(*columns, stale_clearances.c.asked_at, stale_clearances.c.digest)
        .join_from(stale_clearances, clearances, stale_clearances.c.digest == clearances.c.digest)
        .where(clearances.c.plan_id == plan_id)
        .order_by(stale_clearances.c.at)
    )
    return [_view(row) for row in found]


def _policies(conn: Connection, plan_id: UUID) -> list[View]:
    """The catalogues that a plan was judged by, the first first: when each was first seen, and by whom."""
    asked = select(whole(gates.c.request)).where(gates.c.plan_id == plan_id).order_by(gates.c.requested_at)
    unasked = select(whole(clearances.c.record)).where(
        clearances.c.plan_id == plan_id, clearances.c.gate_id.is_(None)
    )
    judged = [*conn.execute(unasked).scalars(), *conn.execute(asked).scalars()]
    digests = list(dict.fromkeys(msgspec.json.decode(record)["policy"] for record in judged))
    rows = conn.execute(
        select(policies.c.digest, policies.c.first_seen, policies.c.by).where(policies.c.digest.in_(digests))
    )
    kept = {row.digest: _view(row) for row in rows}
    unknown = {"first_seen": None, "by": None}
    return [kept.get(digest, {"digest": digest, **unknown}) for digest in digests]


def _newest_outcome(conn: Connection, plan_id: UUID) -> str | None:
    """Of what was cleared last and then happened; else of what waits for its clearance."""
    same = (clearances.c.digest == plan_outcomes.c.digest) & (clearances.c.plan_id == plan_outcomes.c.plan_id)
    found = conn.execute(
        select(whole(plan_outcomes.c.record))
        .join_from(plan_outcomes, clearances, same, isouter=True)
        .where(plan_outcomes.c.plan_id == plan_id)
        .order_by(
            clearances.c.digest.is_(None),
            clearances.c.revision.desc(),
            plan_outcomes.c.attempt.desc(),
            plan_outcomes.c.recorded_at.desc(),
        )
    )
    return found.scalars().first()


def list_runs(conn: Connection, status: str | None = None, limit: int = 100, skip: int = 0) -> list[View]:
    """Runs, the one that moved last first, each with what was `decided` on its plan, and by whom."""
    columns = [runs.c[name] for name in _PLAN_COLUMNS["runs"]]
    wanted = select(*columns).where(_in_status(status)).order_by(desc(runs.c.updated_at), runs.c.thread_id)
    views = _with_decisions(conn, [_view(row) for row in conn.execute(wanted.limit(limit).offset(skip))])
    waits = queued_threads(conn, [view["thread_id"] for view in views if view["status"] == "PAUSED"])
    return [{**view, "queued": view["thread_id"] in waits} for view in views]


def _with_decisions(conn: Connection, views: list[View]) -> list[View]:
    found = decided_on(conn, {UUID(view["plan_id"]) for view in views if view["plan_id"]})
    said = [found.get(UUID(view["plan_id"])) if view["plan_id"] else None for view in views]
    return [
        {**view, "decided": each.state if each else None, "decided_by": each.by if each else None}
        for view, each in zip(views, said, strict=True)
    ]


def count_runs(conn: Connection, status: str | None = None) -> int:
    """How many runs there are, or how many in this state."""
    return conn.execute(select(func.count()).select_from(runs).where(_in_status(status))).scalar_one()


def _in_status(status: str | None) -> ColumnElement[bool]:
    return runs.c.status == status if status else true()


def decisions_of(conn: Connection, plan_id: UUID) -> list[View]:
    """What was said about a plan or at one of its gates, in the order of the log, with what became of it."""
    own = select(gates.c.gate_id).where(gates.c.plan_id == plan_id)
    either = or_(decisions.c.plan_id == plan_id, decisions.c.gate_id.in_(own))
    return _rows(conn, decisions.c, _PLAN_COLUMNS["decisions"], either, decisions.c.arrival)


def effects_of(conn: Connection, plan_id: UUID) -> list[View]:
    """What the ledger knows about a plan's steps."""
    return _rows(
        conn, effects.c, _PLAN_COLUMNS["effects"], effects.c.plan_id == plan_id, effects.c.claimed_at
    )


_PLAN_COLUMNS = {
    "clearances": ("digest", "revision", "gate_id", "cleared_at", "use_by"),
    "decisions": ("decision_id", "gate_id", "kind", "decided_by", "decided_at", "disposition", "why"),
    "effects": (
        "step_id",
        "action_type",
        "state",
        "attempts",
        "executor",
        "detail",
        "claimed_at",
        "finished_at",
    ),
    "runs": ("thread_id", "graph", "status", "plan_id", "worker", "token", "attempts", "error", "updated_at"),
}


def _gates() -> Select[Any]:
    return select(
        gates.c.gate_id,
        gates.c.state,
        whole(gates.c.request).label("request"),
        whole(gates.c.verdict).label("verdict"),
    )


def _gate_views(conn: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[View]:
    ids = [row.gate_id for row in rows]
    counted = select(decisions.c.gate_id, decisions.c.decided_by).where(
        among(conn, decisions.c.gate_id, ids), decisions.c.disposition == word("COUNTED")
    )
    voices: defaultdict[UUID, list[str]] = defaultdict(list)
    for each in conn.execute(counted.order_by(decisions.c.arrival)):
        voices[each.gate_id].append(each.decided_by)
    looked = views_of(conn, ids)
    return [
        {
            **msgspec.json.decode(row.request),
            "state": row.state,
            "approved_by": voices[row.gate_id],
            "verdict": msgspec.json.decode(row.verdict) if row.verdict else None,
            "views": [msgspec.to_builtins(each._asdict()) for each in looked.get(row.gate_id, [])],
        }
        for row in rows
    ]


def _rows(
    conn: Connection,
    columns: Any,
    names: Iterable[str],
    where: Any,
    order: Column[Any] | None = None,
) -> list[View]:
    wanted = select(*(columns[name] for name in names)).where(where)
    return [_view(row) for row in conn.execute(wanted if order is None else wanted.order_by(order))]


def _as_view(question: ApprovalRequested) -> View:
    view: View = msgspec.to_builtins(question)
    return view


def _view(row: Row[*tuple[Any, ...]]) -> View:
    view: View = msgspec.to_builtins(dict(row._mapping))
    return view
