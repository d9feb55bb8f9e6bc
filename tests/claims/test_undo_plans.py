"""The plan that takes another back is the store's own proposal: nobody else has its id first."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, PlanProposed
from gate_events.words import DecisionKind, Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.tables import revisions
from stream_apps.gatekeeper.commit import Committed, commit_batch
from tests.claims.gate import may_run, proposed, refusals, step
from tests.store.acting import said
from tests.store.examples import NOON, decided, executed

CATALOGUE = load_catalogue("""
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  tag:
    tier: PARTIALLY_REVERSIBLE
    says: "Tag {{ who }}"
    arguments: [who]
    undo: {action: untag, arguments: {who: "{{ who }}"}}
  untag: {tier: REVERSIBLE, says: "Untag {{ who }}", arguments: [who]}
""")
PLAN = proposed(step("tag", who="ann"))


def commit(conn: Connection, *records: Any) -> Committed:
    return commit_batch(conn, records, CATALOGUE, NOON)


def routed(plan: PlanProposed) -> PlanCleared:
    record = route(plan, CATALOGUE, now=NOON)
    assert isinstance(record, PlanCleared)
    return record


def to_undo(conn: Connection) -> DecisionMade:
    """A reviewer's UNDO of what was cleared and done."""
    word = routed(PLAN)
    told: PlanExecuted = msgspec.structs.replace(executed(word, at=NOON), executor="tagger")
    commit(conn, word)
    commit(conn, told)
    [review] = [each for each in said(conn, ApprovalRequested) if each.timing is Timing.AFTER]
    commit(conn, review)
    return decided(review, DecisionKind.UNDO, at=NOON)


def lie(plan_id: UUID, **changes: Any) -> PlanCleared:
    return routed(proposed(step("untag", who="the wrong one"), plan_id=plan_id, **changes))


def test_nobody_proposes_under_an_undos_id_before_it_is_said(conn: Connection) -> None:
    """What it could be made of is public: the review and the decision."""
    undo = to_undo(conn)
    for name in ("undo-plan", "undo-proposed"):
        stolen = derived(name, undo.request_id, undo.event_id)
        commit(conn, lie(stolen, proposer="mallory"), lie(undo.event_id, proposer="mallory"))
    commit(conn, undo)
    [honest] = said(conn, PlanProposed)
    assert refusals(commit(conn, routed(honest))) == []
    assert routed(honest).digest in may_run(conn)


@pytest.mark.parametrize("liar", ["mallory", "ada"], ids=["in another name", "in the reviewer's"])
def test_what_the_store_proposed_is_the_revision_whoever_is_heard_first(conn: Connection, liar: str) -> None:
    commit(conn, to_undo(conn))
    [honest] = said(conn, PlanProposed)
    false = lie(honest.plan_id, proposer=liar)
    assert len(refusals(commit(conn, false))) == 1
    assert refusals(commit(conn, routed(honest))) == []
    assert routed(honest).digest in may_run(conn)
    assert false.digest not in may_run(conn)


def test_an_undo_that_is_delivered_again_proposes_nothing_more(conn: Connection) -> None:
    undo = to_undo(conn)
    commit(conn, undo, undo)
    commit(conn, undo)
    [honest] = said(conn, PlanProposed)
    found = select(revisions.c.digest).where(revisions.c.plan_id == honest.plan_id)
    assert conn.execute(found).scalars().all() == [routed(honest).digest]
