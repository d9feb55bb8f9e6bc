"""What both ports make of a stored row."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gate_events.pause import GateAnswer
from gate_events.values import RunIdentity
from gate_store.engine.port import ClaimedRun, EffectRow
from gate_store.plain_text import storable


class _Effect(msgspec.Struct):
    step_id: str
    state: str
    attempts: int
    detail: str
    executor: str
    is_gone: bool
    result: Any = None


def claimed_run(
    *,
    thread_id: str,
    graph: str,
    token: int,
    attempts: int,
    alone: bool,
    plan_id: UUID | None,
    digest: str | None,
    pause: str | None,
    answer: str,
    use_by: datetime | None,
    own_head: str | None,
    head: Any,
    effects: str | None,
) -> ClaimedRun:
    """The claimed run. Raises ValueError (msgspec.ValidationError is one) where the row makes no sense."""
    if pause is None or plan_id is None:
        raise ValueError("the run is READY without a pause and a plan")
    return ClaimedRun(
        thread_id=thread_id,
        graph=graph,
        token=token,
        attempts=attempts,
        plan_id=plan_id,
        digest=digest,
        pause=msgspec.json.decode(pause, type=RunIdentity),
        answer=msgspec.json.decode(answer, type=GateAnswer),
        use_by=use_by,
        own_head=own_head,
        head=head,
        effects=_effects(effects),
        alone=alone,
    )


def _effects(array: str | None) -> dict[str, EffectRow]:
    rows = msgspec.json.decode(array or "[]", type=list[_Effect])
    return {
        row.step_id: EffectRow(
            row.step_id, row.state, row.attempts, row.result, row.detail, row.executor, row.is_gone
        )
        for row in rows
    }


def text(words: str) -> str:
    """Words of an error as every database takes them: without NUL and lone surrogates."""
    return storable(words).encode("utf-8", "replace").decode()


def json_text(value: Any) -> str | None:
    """JSON for a nullable column. Raises TypeError where the value has none."""
    return None if value is None else msgspec.json.encode(value).decode()
