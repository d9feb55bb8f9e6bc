"""Steps that may have been done before the store was restored: each begins in doubt.

They stand in the ledger as if an executor had begun them and died: what has a probe is probed, and of
anything else a human is asked. What is idempotent is simply done.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from gate_events.values import RunIdentity, Step
from gate_store.bulk import insert_new, update_rows
from gate_store.claims import BEFORE_RESTORE, EffectState
from gate_store.clearance_states import is_revoked, ran
from gate_store.dialects import among, read, whole
from gate_store.effect_keys import Content, keys_in_force
from gate_store.plain_text import storable
from gate_store.restores import Restore, Told, lost_among
from gate_store.tables import clearances, cleared_steps, effects, planned_effects, runs

_GO_ON = ("READY", "RUNNING", "IN_DOUBT")
_AT_ONCE = 500  # clearances


class _Plan(msgspec.Struct):
    """What is needed of the record that cleared a plan."""

    steps: tuple[Step, ...]
    run: RunIdentity | None = None


@dataclass(frozen=True, slots=True)
class _Cleared:
    plan_id: UUID
    digest: str
    plan: _Plan

    @property
    def thread_id(self) -> str | None:
        return self.plan.run.thread_id if self.plan.run else None


def doubt_what_is_cleared(
    conn: Connection, digests: Collection[str], restore: Restore, now: datetime
) -> None:
    """The steps of those of these plans that may have run before, and that the ledger does not know."""
    if not digests:
        return
    found = _plans(conn, among(conn, clearances.c.digest, digests))
    lost = lost_among(conn, {each.plan_id: each.thread_id for each in found})
    _doubt(conn, [each for each in found if each.plan_id in lost], lost, restore, now)


def doubt_what_may_go_on(conn: Connection, restore: Restore, now: datetime) -> int:
    """The same of all plans that were cleared before the backup and have not ended; returns how many steps.

    What of them began after it, nobody knows.
    """
    of_run = exists().where(runs.c.digest == clearances.c.digest, runs.c.status.in_(_GO_ON))
    of_service = ~exists().where(runs.c.plan_id == clearances.c.plan_id)
    # Of a run that is tried once more there is the outcome of an earlier attempt.
    wanted = and_(~is_revoked(), or_(of_run, and_(of_service, ~ran())))
    digests = sorted(conn.execute(select(clearances.c.digest).where(wanted)).scalars())
    doubted = 0
    for start in range(0, len(digests), _AT_ONCE):
        found = _plans(conn, among(conn, clearances.c.digest, digests[start : start + _AT_ONCE]))
        going_on = [each for each in found if each.thread_id is None or _is_at(conn, each)]
        lost = lost_among(conn, {each.plan_id: None for each in going_on})
        doubted += _doubt(conn, going_on, lost, restore, now)
    return doubted


def _is_at(conn: Connection, each: _Cleared) -> bool:
    at_it = select(runs.c.thread_id).where(
        runs.c.thread_id == each.thread_id, runs.c.digest == each.digest, runs.c.status.in_(_GO_ON)
    )
    return conn.execute(at_it).first() is not None


def _plans(conn: Connection, wanted: ColumnElement[bool]) -> list[_Cleared]:
    found = conn.execute(
        select(clearances.c.plan_id, clearances.c.digest, whole(clearances.c.record).label("record"))
        .where(wanted)
        .order_by(clearances.c.digest)
    )
    return [_Cleared(row.plan_id, row.digest, read(row.record, _Plan)) for row in found]


def _doubt(
    conn: Connection,
    plans: Collection[_Cleared],
    lost: Mapping[UUID, Told],
    restore: Restore,
    now: datetime,
) -> int:
    by_digest = {each.digest: each for each in plans}
    rows = [row for row in _unknown_steps(conn, by_digest) if _may_be_doubted(by_digest, row, restore)]
    contents = [Content(row.plan_id, row.step_id, row.step_digest) for row in rows]
    keys = keys_in_force(conn, contents) if contents else {}
    fresh = [
        {"effect_id": keys[content], **_row(by_digest[row.digest], row, lost, restore, now)}
        for content, row in zip(contents, rows, strict=True)
    ]
    insert_new(conn, effects, fresh, "effect_id")
    return len(fresh) + _doubt_failed(conn, by_digest, lost, restore, now)


def _doubt_failed(
    conn: Connection,
    plans: Mapping[str, _Cleared],
    lost: Mapping[UUID, Told],
    restore: Restore,
    now: datetime,
) -> int:
    """Steps of runs that had failed before the backup: people may have let them be begun again since."""
    of_runs = {digest: each.plan_id for digest, each in plans.items() if each.thread_id is not None}
    if not of_runs:
        return 0
    found = conn.execute(
        select(effects.c.effect_id, effects.c.digest, effects.c.step_id)
        .where(among(conn, effects.c.plan_id, set(of_runs.values())), among(conn, effects.c.digest, of_runs))
        .where(effects.c.state == EffectState.FAILED.value)
        .where(
            effects.c.finished_at <= restore.until, effects.c.action_type.not_in(sorted(restore.idempotent))
        )
        .order_by(effects.c.effect_id)
    )
    rows = [
        {
            "effect_id": row.effect_id,
            "state": EffectState.CLAIMED.value,
            "executor": BEFORE_RESTORE,
            "detail": storable(_known(plans[row.digest], row.step_id, lost, restore)),
            "claimed_at": now,
            "finished_at": None,
        }
        for row in found
    ]
    return update_rows(conn, effects, rows, ["effect_id"])


def _unknown_steps(conn: Connection, digests: Collection[str]) -> Iterable[Row[*tuple[Any, ...]]]:
    """Cleared steps that nobody began, as far as the ledger knows."""
    if not digests:
        return []
    steps, planned = cleared_steps.c, planned_effects.c
    known = exists().where(
        effects.c.plan_id == clearances.c.plan_id,
        effects.c.step_id == steps.step_id,
        effects.c.step_digest == steps.step_digest,
    )
    of_step = and_(planned.digest == steps.digest, planned.step_id == steps.step_id)
    return conn.execute(
        select(clearances.c.plan_id, steps.digest, steps.step_id, steps.step_digest, planned.window_key)
        .join_from(cleared_steps, clearances, clearances.c.digest == steps.digest)
        .join(planned_effects, of_step, isouter=True)
        .where(among(conn, steps.digest, digests), ~known)
        .order_by(steps.digest, steps.step_id)
    ).all()


def _may_be_doubted(plans: Mapping[str, _Cleared], row: Row[*tuple[Any, ...]], restore: Restore) -> bool:
    return _action_type(plans[row.digest], row.step_id) not in restore.idempotent


def _action_type(each: _Cleared, step_id: str) -> str:
    return next(step.action_type for step in each.plan.steps if step.step_id == step_id)


def _known(each: _Cleared, step_id: str, lost: Mapping[UUID, Told], restore: Restore) -> str:
    told = lost.get(each.plan_id, {}).get(each.digest, {}).get(step_id)
    return f"{restore.known}; on the log, {told}" if told else restore.known


def _row(
    each: _Cleared, row: Row[*tuple[Any, ...]], lost: Mapping[UUID, Told], restore: Restore, now: datetime
) -> dict[str, Any]:
    state = EffectState.IN_DOUBT if each.thread_id is None else EffectState.CLAIMED
    return {
        "plan_id": each.plan_id,
        "digest": each.digest,
        "step_id": row.step_id,
        "step_digest": row.step_digest,
        "action_type": _action_type(each, row.step_id),
        "thread_id": each.thread_id,
        "token": 0,
        "executor": BEFORE_RESTORE,
        "state": state.value,
        "window_key": row.window_key,
        "attempts": 1,
        "detail": storable(_known(each, row.step_id, lost, restore)),
        "result": None,
        "claimed_at": now,
        "finished_at": None,
        "doubt_id": None,
    }
