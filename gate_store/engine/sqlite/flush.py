"""Group commit on SQLite: one transaction, a savepoint for each act, so that only the bad one fails."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.engine.fate import Seen, checkpoint_ids, effect_ids, was_committed
from gate_store.engine.port import (
    Act,
    FenceLostError,
    Intent,
    NotClearedError,
    PackedPut,
    Refusal,
    Result,
    StoppedError,
    UnwritableError,
)
from gate_store.engine.rows import STOPPED, json_text, text, why_not
from gate_store.engine.sqlite import flush_sql as sql
from gate_store.engine.sqlite.moments import moment_text, uuid_text
from gate_store.engine.sqlite.puts import pack
from gate_store.engine.sqlite.thread import savepoint

_REFUSES_DATA = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


def flush(
    connection: sqlite3.Connection, acts: Sequence[Act], serde: SerializerProtocol, now: datetime
) -> list[Refusal | None]:
    """Write the acts; per act None or why it was refused. The caller's transaction commits them."""
    return [_write(connection, act, serde, moment_text(now)) for act in acts]


def _write(connection: sqlite3.Connection, act: Act, serde: SerializerProtocol, now: str) -> Refusal | None:
    try:
        with savepoint(connection):
            _write_act(connection, act, serde, now)
    except (FenceLostError, NotClearedError, UnwritableError) as refusal:
        return refusal
    except sqlite3.OperationalError:
        raise  # the disk or the lock: it concerns everybody
    except (*_REFUSES_DATA, TypeError, ValueError, OverflowError) as error:
        return UnwritableError(act.thread_id, f"{type(error).__name__}: {error}")
    return None


def _write_act(connection: sqlite3.Connection, act: Act, serde: SerializerProtocol, now: str) -> None:
    puts = [put if isinstance(put, PackedPut) else pack(put, serde) for put in act.puts]
    if any(put.thread_id != act.thread_id for put in puts):
        raise ValueError("a checkpoint of another thread")
    for intent in act.intents:  # held against what was there before this act, as on PostgreSQL
        _begin(connection, act, intent, now)
    for result in act.results:
        _finish(connection, act, result, now)
    if connection.execute(sql.FENCE, _fence_values(act, now)).rowcount != 1:
        raise FenceLostError(act.thread_id, act.token)
    for put in puts:
        connection.executemany(put.rows.statement, put.rows.values)
    connection.executemany(
        sql.OUTBOX,
        [
            (row.event_id.hex, row.record, row.key, row.body, row.contract, row.traceparent, now)
            for row in act.outbox
        ],
    )


def _fence_values(act: Act, now: str) -> dict[str, Any]:
    end = act.end
    return {
        "thread_id": act.thread_id,
        "token": act.token,
        "head": act.new_head,
        "now": now,
        "status": end.status if end else None,
        "error": text(end.error) if end else "",
        "pause": json_text(end.pause) if end else None,
        "plan_id": uuid_text(end.plan_id) if end else None,
        "asked_digest": end.asked_digest if end else None,
        "not_before": moment_text(end.not_before) if end and end.not_before else None,
    }


def _begin(connection: sqlite3.Connection, act: Act, intent: Intent, now: str) -> None:
    values = {
        "thread_id": act.thread_id,
        "token": act.token,
        "effect_id": intent.effect_id.hex,
        "step_id": intent.step.step_id,
        "step_digest": intent.step_digest,
        "action_type": intent.step.action_type,
        "window_key": intent.window_key,
        "again": intent.repeat,
        "now": now,
    }
    if connection.execute(sql.BEGIN_EFFECT, values).rowcount == 1:
        return
    if connection.execute(sql.REPEAT_EFFECT, values).rowcount == 1:
        return
    _require_lease(connection, act)
    if connection.execute(sql.STOPPED, values).fetchone():
        raise StoppedError(intent.step.step_id, STOPPED)
    found = connection.execute(sql.WHY_REFUSED, values).fetchone()
    raise why_not(intent.step.step_id, found)


def _finish(connection: sqlite3.Connection, act: Act, result: Result, now: str) -> None:
    _require_lease(connection, act)
    values = {
        "thread_id": act.thread_id,
        "token": act.token,
        "effect_id": result.effect_id.hex,
        "state": result.state,
        "detail": text(result.detail),
        "result": json_text(result.result),
        "doubt_id": uuid_text(result.doubt_id),
        "now": now,
    }
    if connection.execute(sql.FINISH_EFFECT, values).rowcount != 1:
        raise UnwritableError(act.thread_id, "a result of an effect that is not under way")


def _require_lease(connection: sqlite3.Connection, act: Act) -> None:
    run = connection.execute(sql.FATE_RUN, (act.thread_id,)).fetchone()
    if run is None or run["token"] != act.token or run["status"] != "RUNNING":
        raise FenceLostError(act.thread_id, act.token)


def fate(connection: sqlite3.Connection, act: Act) -> bool:
    """Whether the act is in the store."""
    run = connection.execute(sql.FATE_RUN, (act.thread_id,)).fetchone()
    if run is None:
        return False
    effects = {}
    for effect_id in effect_ids(act):
        if found := connection.execute(sql.FATE_EFFECT, (effect_id.hex,)).fetchone():
            effects[effect_id] = (found["token"], found["state"])
    there = [
        name
        for name in checkpoint_ids(act)
        if connection.execute(sql.FATE_CHECKPOINT, (act.thread_id, name)).fetchone()
    ]
    sent = [
        r.event_id for r in act.outbox if connection.execute(sql.FATE_OUTBOX, (r.event_id.hex,)).fetchone()
    ]
    seen = Seen(run["token"], run["status"], run["head_id"], frozenset(there), effects, frozenset(sent))
    return was_committed(act, seen)
