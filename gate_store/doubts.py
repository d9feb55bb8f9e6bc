"""Questions about plans that may run: did this effect happen, may it still run. Read from the store."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided
from gate_events.values import Step
from gate_events.words import RequestKind
from gate_store.dialects import among, read, whole
from gate_store.effect_keys import Content
from gate_store.in_doubt import Beginning, in_doubt_request
from gate_store.superseding import supersede
from gate_store.tables import clearances, effects, gates
from gate_store.verdicts import asked_again

BY_REPORT, BY_PROBE = SETTLED_BY = ("report", "probe")  # who tells what became of a step after all
_REPORTED = "the executor reported after all"
_SETTLED = "it is known by now what became of the step"


class UnknownClearanceError(LookupError):
    """Nothing was cleared under digest {digest}."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"nothing was cleared under digest {digest}")
        self.digest = digest


def doubt_about(conn: Connection, digest: str, step: Step, known: str, now: datetime) -> ApprovalRequested:
    """The question whether `step` of the plan cleared as `digest` happened; `known` in plain English.

    A doubt that is asked already gives the same request. Raises UnknownClearanceError.
    """
    word, origin = _cleared_as(conn, digest)
    content = Content.of(word.plan_id, step)
    return in_doubt_request(
        origin,
        step=step,
        known=known,
        now=now,
        begun=_beginning(conn, content),
        attempt=_attempt(conn, content),
        revision=word.revision,
        digest=word.digest,
        steps=word.steps,
    )


def cleared_step(conn: Connection, digest: str, step_id: str) -> Step:
    """The step of the plan cleared as `digest`. Raises UnknownClearanceError."""
    word, _ = _cleared_as(conn, digest)
    return next(step for step in word.steps if step.step_id == step_id)


def note_doubt(conn: Connection, effect_id: UUID, request: ApprovalRequested) -> None:
    """Let an effect in doubt be settled by the answer to this question alone."""
    doubted = update(effects).where(effects.c.effect_id == effect_id, effects.c.state == "IN_DOUBT")
    conn.execute(doubted.values(doubt_id=request.request_id))


def stale_question(conn: Connection, digest: str, now: datetime) -> ApprovalRequested:
    """The request that asks again about a plan whose verdict was not used in time.

    Raises UnknownClearanceError, also for a plan that the router cleared: its clearance never goes stale.
    """
    _, origin = _cleared_as(conn, digest)
    if isinstance(origin, PlanCleared):
        raise UnknownClearanceError(digest)
    return asked_again(origin, now)


def _cleared_as(
    conn: Connection, digest: str
) -> tuple[PlanCleared | PlanDecided, PlanCleared | ApprovalRequested]:
    """What cleared the plan, and what it was asked or cleared with."""
    row = conn.execute(
        select(whole(clearances.c.record).label("word"), whole(gates.c.request).label("request"))
        .join_from(clearances, gates, clearances.c.gate_id == gates.c.gate_id, isouter=True)
        .where(clearances.c.digest == digest)
    ).one_or_none()
    if row is None:
        raise UnknownClearanceError(digest)
    if row.request is None:
        cleared = read(row.word, PlanCleared)
        return cleared, cleared
    return read(row.word, PlanDecided), read(row.request, ApprovalRequested)


def settle_doubts(
    conn: Connection,
    plan_id: UUID,
    step: Step,
    now: datetime,
    source: str = BY_REPORT,
    note: str = _REPORTED,
) -> list[DecisionMade]:
    """The SUPERSEDE of the open question about a step, since `source` answered it otherwise.

    Its gate is marked as told to end: whoever doubts the step once more asks anew.
    """
    content = Content.of(plan_id, step)
    asked = _doubts(conn, plan_id, step.step_id)
    pending = [request for request, is_open in asked if is_open and doubted_content(request) == content]
    gate_ids = [request.request_id for request in pending]
    marked = update(gates).where(among(conn, gates.c.gate_id, gate_ids)).values(expiry_asked_at=now)
    conn.execute(marked)
    return [supersede(request, source, now, note) for request in pending]


def answered_doubts(
    conn: Connection, opened: Sequence[ApprovalRequested], now: datetime
) -> list[DecisionMade]:
    """The SUPERSEDE of questions that open about steps that are in doubt no more."""
    doubted = [request for request in opened if request.kind is RequestKind.IN_DOUBT]
    about = {content: request for request in doubted if (content := doubted_content(request))}
    if not about:
        return []
    found = select(
        effects.c.plan_id, effects.c.step_id, effects.c.step_digest, effects.c.state, effects.c.doubt_id
    ).where(among(conn, effects.c.plan_id, {content.plan_id for content in about}))
    said = []
    for *names, state, doubt_id in conn.execute(found):
        request = about.get(Content(*names))
        if request and (state != "IN_DOUBT" or doubt_id not in {None, request.request_id}):
            said.append(request)
    gate_ids = [request.request_id for request in said]
    conn.execute(update(gates).where(among(conn, gates.c.gate_id, gate_ids)).values(expiry_asked_at=now))
    return [supersede(request, BY_REPORT, now, _SETTLED) for request in said]


def _beginning(conn: Connection, content: Content) -> Beginning | None:
    row = conn.execute(
        select(effects.c.executor, effects.c.claimed_at).where(
            effects.c.plan_id == content.plan_id,
            effects.c.step_id == content.step_id,
            effects.c.step_digest == content.digest,
        )
    ).one_or_none()
    return Beginning(row.executor, row.claimed_at) if row else None


def _attempt(conn: Connection, content: Content) -> int:
    """Each doubt is a gate of its own, since a closed one never opens again."""
    asked = _doubts(conn, content.plan_id, content.step_id)
    still_open = [
        request.attempt for request, is_open in asked if is_open and doubted_content(request) == content
    ]
    known = max(still_open, default=1 + max((request.attempt for request, _ in asked), default=0))
    of_content = (effects.c.step_id == content.step_id, effects.c.step_digest == content.digest)
    begun = select(effects.c.attempts).where(effects.c.plan_id == content.plan_id, *of_content)
    return max(known, conn.execute(begun).scalar() or 1)  # an earlier attempt's question may not be here yet


def _doubts(conn: Connection, plan_id: UUID, step_id: str) -> list[tuple[ApprovalRequested, bool]]:
    """What was asked about a step, and whether it still stands: open, and not told to end."""
    found = conn.execute(
        select(whole(gates.c.request).label("request"), gates.c.state, gates.c.expiry_asked_at).where(
            gates.c.plan_id == plan_id, gates.c.kind == "IN_DOUBT"
        )
    )
    asked = [
        (read(row.request, ApprovalRequested), row.state == "PENDING" and row.expiry_asked_at is None)
        for row in found
    ]
    return [(request, is_open) for request, is_open in asked if _is_about(request, step_id)]


def _is_about(request: ApprovalRequested, step_id: str) -> bool:
    return request.in_doubt is not None and request.in_doubt.step_id == step_id


def doubted_content(request: ApprovalRequested) -> Content | None:
    """The step that is in doubt, as its plan had it."""
    doubted = (step for step in request.steps if _is_about(request, step.step_id))
    return next((Content.of(request.plan_id, step) for step in doubted), None)
