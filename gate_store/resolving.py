"""A human's word on effects in doubt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import Connection, exists, update

from gate_events.records import ApprovalRequested
from gate_events.words import Resolution
from gate_store.bulk import update_rows
from gate_store.dialects import among, database_now
from gate_store.doubted import doubted_content
from gate_store.lost_claims import run_goes_on
from gate_store.plain_text import storable
from gate_store.tables import effects, runs
from gate_store.verdicts import Closing

_NOT_AGAIN = "; it is not done again: its run is over"


def resolve(conn: Connection, closings: Sequence[Closing], now: datetime) -> None:
    """Settle the effects, and let their runs go on with the answer they had."""
    settled = [row for each in closings if (row := _settled(each))]
    content = ["plan_id", "step_id", "step_digest"]
    in_doubt = effects.c.state == "IN_DOUBT"
    # a doubt is answered by its own question, which may be about a whole plan
    by_question = [_without(row, "step_id", "step_digest") for row in settled]
    update_rows(conn, effects, by_question, ["plan_id", "doubt_id"], in_doubt)
    older = [_without(row, "doubt_id") for row in settled]  # rows that do not say which that was
    # those of services wait for theirs: what was asked before is another doubt
    unnamed = (effects.c.doubt_id.is_(None), effects.c.thread_id.is_not(None))
    update_rows(conn, effects, older, content, in_doubt, *unnamed)
    _fail_what_nobody_retries(conn, [row["doubt_id"] for row in settled if row["state"] == "RETRY"], now)
    waiting = {each.request.run.thread_id: each for each in closings if each.request.run}
    go_on(conn, {thread: each.request.plan_id for thread, each in waiting.items()}, now)


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _fail_what_nobody_retries(conn: Connection, doubts: Sequence[UUID], now: datetime) -> None:
    """RETRY says that it did not happen; of a run that is over nothing is done once more."""
    if not doubts:
        return
    of_runs_over = (effects.c.state == "RETRY", effects.c.thread_id.is_not(None), ~run_goes_on())
    failed = {"state": "FAILED", "finished_at": now, "detail": effects.c.detail + _NOT_AGAIN}
    conn.execute(
        update(effects).where(among(conn, effects.c.doubt_id, doubts), *of_runs_over).values(**failed)
    )


def hand_on_doubts(conn: Connection, closings: Sequence[Closing]) -> None:
    """A doubt whose question expired is answered by the one that is asked in its place."""
    rows = [
        {
            "plan_id": again.plan_id,
            "was_doubt_id": each.request.request_id,
            "doubt_id": again.request_id,
        }
        for each in closings
        for again in each.more
        if isinstance(again, ApprovalRequested) and again.in_doubt
    ]
    update_rows(conn, effects, rows, ["plan_id", "was_doubt_id"], effects.c.state == "IN_DOUBT")


def go_on(conn: Connection, plans: Mapping[str, UUID], now: datetime) -> None:
    """IN_DOUBT -> READY for the runs of these threads and plans of which nothing is in doubt any more."""
    rows = [_ready(thread, plan, now) for thread, plan in plans.items()]
    doubted = exists().where(effects.c.plan_id == runs.c.plan_id, effects.c.state == "IN_DOUBT")
    stopped = (runs.c.status == "IN_DOUBT", runs.c.answer.is_not(None), ~doubted)
    at_once = database_now(conn, now)
    update_rows(conn, runs, rows, ["thread_id", "plan_id"], *stopped, not_before=at_once)


def _settled(each: Closing) -> dict[str, Any] | None:
    content = doubted_content(each.request)
    if content is None or each.decision.resolution is None:
        return None
    state, finished = _state(each.decision.resolution)
    return {
        "plan_id": content.plan_id,
        "step_id": content.step_id,
        "step_digest": content.digest,
        "doubt_id": each.request.request_id,
        "state": state,
        "detail": storable(f"{each.decision.decided_by} resolved the doubt: {each.decision.note}"),
        "finished_at": each.decision.decided_at if finished else None,
    }


def _state(resolution: Resolution) -> tuple[str, bool]:
    match resolution:
        case Resolution.HAPPENED:
            return "SUCCEEDED", True
        case Resolution.RETRY:
            return "RETRY", False
        case Resolution.ABANDON:
            return "FAILED", True
        case Resolution.UNKNOWN:
            raise AssertionError("a resolution that is not known closes no gate")
    assert_never(resolution)


def _ready(thread_id: str, plan_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "thread_id": thread_id,
        "plan_id": plan_id,
        "status": "READY",
        "attempts": 0,  # those before the doubt do not count against what is let go on
        "updated_at": now,
    }
