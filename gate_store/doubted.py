"""Which effect a question in doubt is about, and whether anything is left to answer of it."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, null, select

from gate_events.records import ApprovalRequested
from gate_events.words import RequestKind
from gate_store.dialects import among
from gate_store.effect_keys import Content
from gate_store.tables import effects

ASKED_BEFORE: ColumnElement[UUID | None] = case(
    (effects.c.state == "IN_DOUBT", effects.c.doubt_id), else_=null()
)
"""The question of an effect that comes in doubt: what is in doubt already keeps its own."""


def is_about(request: ApprovalRequested, step_id: str) -> bool:
    """Whether it asks what became of this step."""
    return request.in_doubt is not None and request.in_doubt.step_id == step_id


def doubted_content(request: ApprovalRequested) -> Content | None:
    """The step that is in doubt, as its plan had it."""
    doubted = (step for step in request.steps if is_about(request, step.step_id))
    return next((Content.of(request.plan_id, step) for step in doubted), None)


def settled_doubts(conn: Connection, asked: Sequence[ApprovalRequested]) -> set[UUID]:
    """Which of these questions, by gate, nothing is left to answer of: it is known, or asked elsewhere.

    A step may have had other content in another revision: that is another effect, and says nothing here.
    """
    doubted = [request for request in asked if request.kind is RequestKind.IN_DOUBT]
    about: defaultdict[Content | None, list[UUID]] = defaultdict(list)
    for request in doubted:
        about[doubted_content(request)].append(request.request_id)
    if not about:
        return set()
    found = select(
        effects.c.plan_id, effects.c.step_id, effects.c.step_digest, effects.c.state, effects.c.doubt_id
    ).where(among(conn, effects.c.plan_id, {request.plan_id for request in doubted}))
    return {
        gate_id
        for *names, state, doubt_id in conn.execute(found)
        for gate_id in about.get(Content(*names), ())
        if state != "IN_DOUBT" or doubt_id not in {None, gate_id}
    }
