"""The effect ledger for services that execute by themselves: a step's effect once, or a human is asked.

Commit the claim before the effect, and the finish after it. The engine keeps the same rules for runs. What is
in doubt is left so: the gatekeeper asks about it, and ends the question once it is known.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, exists, func, select, update

from gate_events.digest import step_digest
from gate_events.ids import effect_key, key_in_force
from gate_events.pause import expired
from gate_events.values import Step
from gate_events.words import StepStatus
from gate_store.bulk import insert_new
from gate_store.claims import Begun, Claim, EffectState, Grant, grant_again
from gate_store.dialects import among, login
from gate_store.doubted import ASKED_BEFORE
from gate_store.doubts import SILENT
from gate_store.engine.port import NotClearedError, NotYetClearedError, OutdatedError, RepeatsError
from gate_store.order import refuse_out_of_order
from gate_store.plain_text import storable
from gate_store.revocations import OLDER_GOES_ON, under_way, why_revoked
from gate_store.stale import why_repeats, why_stale
from gate_store.stops import in_force, is_stopped, refuse_stopped
from gate_store.tables import clearances, cleared_steps, effects

_UNDER_WAY = {EffectState.CLAIMED, EffectState.IN_DOUBT}
_KEPT = {"effect_id", "plan_id", "step_id", "thread_id"}  # of an effect, however often it is begun
_CANNOT_TELL = "its executor cannot tell"


def claim_effect(
    conn: Connection,
    plan_id: UUID,
    digest: str,
    step: Step,
    executor: str,
    now: datetime,
    *,
    window_key: str | None = None,
    idempotent: bool = False,
    lease_s: float = 60.0,
) -> Claim:
    """Ask to do `step` of the plan cleared as `digest`; commit before doing it.

    A step that another began and did not finish within `lease_s` is repeated where it is `idempotent`, else
    it is IN_DOUBT and a human is asked. Raises NotYetClearedError where nothing clears the plan so far: what
    the router cleared a moment ago may be covered when asked again. NotClearedError where no clearance covers
    the step as given, or not any more; OutOfOrderError where a step that stands before it has not begun.
    StoppedError while it is stopped: then roll back.
    """
    cleared = _covered(conn, plan_id, digest, step)
    rows = _rows(conn, plan_id, step.step_id)
    row = next((row for row in rows if row.step_digest == cleared.step_digest), None)
    key = row.effect_id if row else _new_key(plan_id, step.step_id, cleared.step_digest, rows)
    begun = _begun(row) if row else None
    grant = grant_again(begun, now, lease_s, idempotent=idempotent) if begun else Grant.GO
    if grant is Grant.GO:
        if cleared.is_stopped:
            refuse_stopped(in_force(conn), step)
        if (why := why_revoked(conn, digest)) is not None:
            raise NotClearedError(step.step_id, why)
        if other := next((one for one in rows if one.state in _UNDER_WAY and one is not row), None):
            return _after_another(conn, key, other, now, lease_s)
        if older := under_way(conn, plan_id, cleared.revision):
            return Claim(key, Grant.BUSY, detail=OLDER_GOES_ON.format(older))
        _refuse_late(conn, cleared, step, now)
        refuse_out_of_order(conn, plan_id, digest, step.step_id)
        fresh = _fresh(key, plan_id, cleared, step, executor, window_key, now)
        return _go(conn, step, {**fresh, "lease_until": now + timedelta(seconds=lease_s)}, begun)
    if grant is Grant.IN_DOUBT and begun and begun.state is EffectState.CLAIMED:
        return Claim(key, grant, detail=_leave_in_doubt(conn, key, begun))
    return Claim(key, grant, result=begun.result if begun else None, detail=begun.detail if begun else "")


def renew_claim(conn: Connection, claim: Claim, now: datetime, lease_s: float) -> bool:
    """Keep a granted claim while its function works; False: it is another's by now, or in doubt."""
    ours = (effects.c.effect_id == claim.key, effects.c.token == claim.token, effects.c.state == "CLAIMED")
    renewed = update(effects).where(*ours).values(lease_until=now + timedelta(seconds=lease_s))
    return conn.execute(renewed).rowcount == 1


def finish_effect(
    conn: Connection,
    claim: Claim,
    status: StepStatus,
    now: datetime,
    *,
    result: Any = None,
    detail: str = "",
) -> bool:
    """Record how a granted claim ended; False: the claim is another's by now, or a human has settled it.

    What a human lets be tried again, and its first executor ends after all, is not tried again.
    Of one IN_DOUBT a human is asked. SKIPPED is for outcomes and no end of an effect: ValueError.
    """
    if status in (StepStatus.SKIPPED, StepStatus.UNKNOWN):
        raise ValueError(f"status {status.value}: a claimed effect ends SUCCEEDED, FAILED or IN_DOUBT")
    values = {
        "state": status.value,
        "result": result,
        "detail": storable(detail),
        "finished_at": now,
    }
    if status is StepStatus.IN_DOUBT:
        values |= {"detail": storable(detail or _CANNOT_TELL), "finished_at": None, "doubt_id": ASKED_BEFORE}
    ours = (effects.c.effect_id == claim.key, effects.c.token == claim.token)
    unsettled = effects.c.state.in_([EffectState.CLAIMED, EffectState.IN_DOUBT, EffectState.RETRY])
    return conn.execute(update(effects).where(*ours, unsettled).values(**values)).rowcount == 1


def prior_effects(
    conn: Connection, keys: Sequence[tuple[str, int]], now: datetime
) -> dict[str, tuple[datetime, UUID, str]]:
    """When each effect was last begun within its window of seconds, by which plan, and the step's digest.

    Failed ones do not count.
    """
    if not keys:
        return {}
    longest = max(window for _, window in keys)
    newest = func.row_number().over(partition_by=effects.c.window_key, order_by=effects.c.claimed_at.desc())
    ranked = (
        select(
            effects.c.window_key,
            effects.c.claimed_at,
            effects.c.plan_id,
            effects.c.step_digest,
            newest.label("rank"),
        )
        .where(among(conn, effects.c.window_key, [key for key, _ in keys]))
        .where(effects.c.claimed_at > now - timedelta(seconds=longest), effects.c.state != EffectState.FAILED)
        .subquery()
    )
    found = conn.execute(select(ranked).where(ranked.c.rank == 1))
    last = {row.window_key: (row.claimed_at, row.plan_id, row.step_digest) for row in found}
    windows = dict(keys)
    return {key: done for key, done in last.items() if done[0] > now - timedelta(seconds=windows[key])}


def _covered(conn: Connection, plan_id: UUID, digest: str, step: Step) -> Row[*tuple[Any, ...]]:
    of_step = and_(cleared_steps.c.digest == clearances.c.digest, cleared_steps.c.step_id == step.step_id)
    row = conn.execute(
        select(
            clearances.c.digest,
            clearances.c.plan_id,
            clearances.c.revision,
            clearances.c.use_by,
            clearances.c.begun_until,
            cleared_steps.c.step_digest,
            is_stopped(step.action_type).label("is_stopped"),
        )
        .join_from(clearances, cleared_steps, of_step, isouter=True)
        .where(clearances.c.digest == digest, clearances.c.plan_id == plan_id)
    ).one_or_none()
    if row is None:
        raise NotYetClearedError(step.step_id)
    if row.step_digest is None:
        raise NotClearedError(step.step_id)
    if row.step_digest != step_digest(plan_id, step):
        raise NotClearedError(step.step_id, "it is not the step that was approved")
    return row


def _refuse_late(conn: Connection, cleared: Row[*tuple[Any, ...]], step: Step, now: datetime) -> None:
    """A plan that was begun in time may go on for a while, and as long as a step of it is being done."""
    begun = exists().where(effects.c.plan_id == cleared.plan_id, effects.c.digest == cleared.digest)
    if not conn.execute(select(begun)).scalar():
        _refuse_to_begin(conn, cleared, step, now)
        return
    if not (expired(cleared.use_by, now) and expired(cleared.begun_until, now)):
        return
    in_hand = begun.where(effects.c.state == EffectState.CLAIMED, effects.c.lease_until > now)
    if not conn.execute(select(in_hand)).scalar():
        why = f"what was begun of it might go on until {cleared.begun_until.isoformat()}"
        raise OutdatedError(step.step_id, why)


def _refuse_to_begin(conn: Connection, cleared: Row[*tuple[Any, ...]], step: Step, now: datetime) -> None:
    """Once a plan is begun it goes on."""
    if expired(cleared.use_by, now):
        raise OutdatedError(step.step_id, f"the verdict held until {cleared.use_by.isoformat()}")
    if (why := why_stale(conn, cleared.digest)) is not None:
        raise OutdatedError(step.step_id, why)
    if (why := why_repeats(conn, cleared.digest, now)) is not None:
        raise RepeatsError(step.step_id, why)


def _rows(conn: Connection, plan_id: UUID, step_id: str) -> list[Row[*tuple[Any, ...]]]:
    """The effects of a step, one for each content that it had in the plan's revisions.

    Those that this user may change are locked: what another's service claimed is looked at only.
    """
    of_step = (effects.c.plan_id == plan_id, effects.c.step_id == step_id)
    lock = select(effects.c.effect_id).where(*of_step).order_by(effects.c.effect_id).with_for_update()
    conn.execute(lock).all()
    return list(conn.execute(select(effects).where(*of_step).order_by(effects.c.effect_id)))


def _new_key(plan_id: UUID, step_id: str, digest: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> UUID:
    plain = effect_key(plan_id, step_id)
    first = next((row.step_digest for row in rows if row.effect_id == plain), None)
    return key_in_force(plan_id, step_id, digest, first)


def _after_another(
    conn: Connection, key: UUID, other: Row[*tuple[Any, ...]], now: datetime, lease_s: float
) -> Claim:
    """The step had other content before, and that may still be under way: it ends first."""
    begun = _begun(other)
    grant = grant_again(begun, now, lease_s, idempotent=False)
    if grant is Grant.BUSY:
        return Claim(key, grant)
    known = begun.detail
    if begun.state is EffectState.CLAIMED:
        known = _leave_in_doubt(conn, other.effect_id, begun)
    return Claim(key, Grant.IN_DOUBT, detail=f"what an earlier revision made of it is in doubt: {known}")


def _leave_in_doubt(conn: Connection, key: UUID, begun: Begun) -> str:
    """Nobody knows about the effect of a silent claimant; returns what is known."""
    known = SILENT.format(begun.executor)
    doubted = {"state": EffectState.IN_DOUBT.value, "detail": storable(known), "doubt_id": None}
    as_seen = (effects.c.effect_id == key, effects.c.token == begun.token)
    conn.execute(update(effects).where(*as_seen).values(**doubted, owner=login(conn)))
    return known


def _begun(row: Row[*tuple[Any, ...]]) -> Begun:
    return Begun(
        EffectState(row.state),
        row.executor,
        row.claimed_at,
        row.result,
        row.detail,
        row.lease_until,
        row.token,
    )


def _go(conn: Connection, step: Step, fresh: dict[str, Any], begun: Begun | None) -> Claim:
    """A stop that came meanwhile counts: whoever stops waits for those who write here (`stops`)."""
    key = fresh["effect_id"]
    if begun is None:
        insert_new(conn, effects, [fresh], "effect_id")
    else:
        again = {name: value for name, value in fresh.items() if name not in _KEPT}
        changed = {**again, "attempts": effects.c.attempts + 1, "owner": login(conn)}
        as_seen = (effects.c.effect_id == key, effects.c.token == begun.token)
        conn.execute(update(effects).where(*as_seen).values(**changed))
    seen = select(effects.c.token, is_stopped(step.action_type).label("is_stopped"))
    holder = conn.execute(seen.where(effects.c.effect_id == key)).one()
    if holder.is_stopped:
        refuse_stopped(in_force(conn), step)
    won = holder.token == fresh["token"]
    return Claim(key, Grant.GO if won else Grant.BUSY, token=fresh["token"] if won else 0)


def _fresh(
    key: UUID,
    plan_id: UUID,
    cleared: Row[*tuple[Any, ...]],
    step: Step,
    executor: str,
    window_key: str | None,
    now: datetime,
) -> dict[str, Any]:
    return {
        "effect_id": key,
        "plan_id": plan_id,
        "digest": cleared.digest,
        "step_id": step.step_id,
        "step_digest": cleared.step_digest,
        "action_type": step.action_type,
        "thread_id": None,
        "token": 1 + secrets.randbelow(2**62),
        "executor": storable(executor),
        "state": EffectState.CLAIMED.value,
        "window_key": storable(window_key) if window_key else None,
        "attempts": 1,
        "detail": "",
        "result": None,
        "claimed_at": now,
        "finished_at": None,
        "doubt_id": None,
    }
