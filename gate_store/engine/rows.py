"""What both ports make of a stored row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gate_events.digest import step_digest
from gate_events.ids import effect_key, key_in_force
from gate_events.pause import GateAnswer
from gate_events.trace_context import well_formed
from gate_events.values import RunIdentity
from gate_store.engine.port import ClaimedRun, EffectRow, NotClearedError, OutdatedError, OutOfOrderError
from gate_store.plain_text import storable

STOPPED = "it is stopped; `plangate go` ends that"


class _Effect(msgspec.Struct):
    effect_id: UUID
    digest: str
    step_id: str
    step_digest: str
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
    asked_digest: str | None,
    is_gated: bool,
    attempt: int,
    begun_until: datetime | None,
    now: datetime,
    traceparent: str | None,
) -> ClaimedRun:
    """The claimed run. Raises ValueError (msgspec.ValidationError is one) where the row makes no sense."""
    if pause is None or plan_id is None:
        raise ValueError("the run is READY without a pause and a plan")
    said = msgspec.json.decode(answer, type=GateAnswer)
    own, keys = _effects(effects, plan_id, said)
    return ClaimedRun(
        thread_id=thread_id,
        graph=graph,
        token=token,
        attempts=attempts,
        plan_id=plan_id,
        digest=digest,
        pause=msgspec.json.decode(pause, type=RunIdentity),
        answer=said,
        use_by=use_by,
        own_head=own_head,
        head=head,
        effects=own,
        keys=keys,
        asked_digest=asked_digest,
        is_gated=is_gated,
        attempt=attempt,
        begun_until=begun_until,
        now=now,
        alone=alone,
        traceparent=well_formed(traceparent),
    )


def _effects(
    array: str | None, plan_id: UUID, answer: GateAnswer
) -> tuple[dict[str, EffectRow], dict[str, UUID]]:
    """The plan's effects as the answer has its steps, and the keys of all steps that were seen.

    Of an answer that lets nothing run they are those of its own digest.
    """
    rows = msgspec.json.decode(array or "[]", type=list[_Effect])
    if not rows:
        return {}, {}
    wanted = {step.step_id: step_digest(plan_id, step) for step in answer.steps}
    own = {row.step_id: row for row in rows if _is_own(row, wanted, answer)}
    first = {row.effect_id: row.step_digest for row in rows}
    keys = {
        step_id: key_in_force(plan_id, step_id, digest, first.get(effect_key(plan_id, step_id)))
        for step_id, digest in wanted.items()
    }
    return {step_id: _row(row) for step_id, row in own.items()}, keys


def _is_own(row: _Effect, wanted: dict[str, str], answer: GateAnswer) -> bool:
    return wanted.get(row.step_id) == row.step_digest if wanted else row.digest == answer.digest


def _row(row: _Effect) -> EffectRow:
    return EffectRow(row.step_id, row.state, row.attempts, row.result, row.detail, row.executor, row.is_gone)


def why_not(step_id: str, found: Mapping[str, Any]) -> NotClearedError:
    """Why a step may not begin, from what WHY_REFUSED found."""
    if found["outdated"]:
        return OutdatedError(step_id, found["why"])
    if found["not_begun"] is not None:
        return OutOfOrderError(step_id, found["not_begun"])
    return NotClearedError(step_id, found["why"])


def text(words: str) -> str:
    """Words of an error as every database takes them: without NUL and lone surrogates."""
    return storable(words).encode("utf-8", "replace").decode()


def json_text(value: Any) -> str | None:
    """JSON for a nullable column. Raises TypeError where the value has none."""
    return None if value is None else msgspec.json.encode(value).decode()
