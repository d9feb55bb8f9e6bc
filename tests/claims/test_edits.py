"""What a reviewer's edit makes of a plan is its next revision, and its proposer's as before."""

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest, review_digest
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided, PlanProposed
from gate_events.values import Step
from gate_events.words import DecisionKind, GateState
from gate_policy.catalogue import load_catalogue
from gate_policy.edited import review_of_edit
from gate_policy.route import route
from gate_store import outbox
from gate_store.dialects import read, whole
from gate_store.tables import gates, revisions, revocations
from gate_store.verdicts import asked_again
from stream_apps.gatekeeper.commit import commit_batch
from tests.claims.gate import (
    CATALOGUE,
    asked,
    commit,
    may_run,
    of_run,
    proposed,
    refusals,
    routed,
    step,
    waits,
)
from tests.store.acting import said
from tests.store.examples import NOON, decided

LARGE = load_catalogue("""
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  pay: {tier: IRREVERSIBLE, says: "Pay {{ amount }}", arguments: [amount]}
rules:
  - {name: large, when: "args.amount > 1000", reviewers: [ada, bob], quorum: 2, because: "it is large"}
""")
PLAN = proposed(step("pay", what="invoice 17"), step("look", 2))
LESS = (step("pay", what="invoice 16"),)
EDITED = plan_digest(PLAN.plan_id, 2, LESS, None)


def edit(request: ApprovalRequested, steps: tuple[Step, ...] = LESS, *, seen: bool = True) -> DecisionMade:
    """Where what it became was not seen, that is the next question."""
    shown = review_digest(review_of_edit(request, steps, CATALOGUE)) if seen else None
    at = request.requested_at
    return decided(request, DecisionKind.EDIT, steps=steps, review_digest=shown, at=at, name=request.attempt)


def held(conn: Connection) -> list[tuple[int, str, str]]:
    found = select(revisions.c.revision, revisions.c.digest, revisions.c.proposer)
    return [tuple(row) for row in conn.execute(found.order_by(revisions.c.revision))]


def edited(conn: Connection, *, seen: bool = True) -> None:
    commit(conn, asked(PLAN))
    commit(conn, edit(asked(PLAN), seen=seen))


@pytest.mark.parametrize("seen", [True, False], ids=["it may run", "it is asked about"])
def test_an_edit_is_the_plans_next_revision_and_its_owner_stays(conn: Connection, seen: bool) -> None:
    edited(conn, seen=seen)
    owner = "billing-service"
    assert held(conn) == [(1, asked(PLAN).digest, owner), (2, EDITED, owner)]
    assert (EDITED in may_run(conn)) is seen


@pytest.mark.parametrize("seen", [True, False], ids=["it may run", "it is asked about"])
def test_nobody_proposes_another_content_under_the_revision_of_an_edit(conn: Connection, seen: bool) -> None:
    edited(conn, seen=seen)
    [why] = refusals(commit(conn, routed(proposed(step("look"), revision=2))))
    assert "has other content already: propose it as revision 3" in why
    if not seen:
        [question] = said(conn, ApprovalRequested)
        assert refusals(commit(conn, question)) == []


def test_the_proposers_next_revision_is_the_one_after_the_edit_and_takes_its_place(conn: Connection) -> None:
    edited(conn)
    third = routed(proposed(step("look"), revision=3))
    assert refusals(commit(conn, third)) == []
    assert third.digest in may_run(conn)
    assert conn.execute(select(revocations.c.digest, revocations.c.by_digest)).all() == [
        (EDITED, third.digest)
    ]
    [word] = [each for each in said(conn, PlanDecided) if each.state is GateState.SUPERSEDED]
    assert word.digest == EDITED


@pytest.mark.parametrize("told", ["before ours came back", "after it, with another goal"])
def test_nobody_lowers_what_an_edit_must_be_asked_for(conn: Connection, told: str) -> None:
    """An edited plan is asked about by the terms of the plan that was edited, whoever tells it as well."""
    large, small = (proposed(step("pay", amount=amount)) for amount in (5000, 500))

    def put(plan: PlanProposed) -> ApprovalRequested:
        record = route(plan, LARGE, now=NOON)
        assert isinstance(record, ApprovalRequested)
        return record

    def take(*records: object) -> None:
        commit_batch(conn, records, LARGE, NOON)

    take(put(large), decided(put(large), DecisionKind.EDIT, "ada", steps=small.steps))
    [ours] = said(conn, ApprovalRequested)
    as_proposed = replace(small, revision=2)
    if told == "before ours came back":
        take(put(as_proposed))
        take(ours)
    else:
        take(ours)
        take(put(replace(as_proposed, goal="a refund")))
    requests = select(whole(gates.c.request)).where(gates.c.revision == 2)
    asked_now = [read(each, ApprovalRequested) for each in conn.execute(requests).scalars()]
    assert {(each.review.terms.reviewers, each.review.terms.quorum) for each in asked_now} == {
        (("ada", "bob"), 2)
    }


def test_nobody_else_revises_what_was_edited(conn: Connection) -> None:
    edited(conn)
    for stranger in ("ada", "mallory"):  # she who edited it is not its proposer
        [why] = refusals(commit(conn, routed(proposed(step("look"), revision=3, proposer=stranger))))
        assert "was first proposed by billing-service" in why


def test_the_reviewer_of_the_revision_after_it_sees_what_that_changes_of_the_edit(conn: Connection) -> None:
    edited(conn)
    commit(conn, routed(proposed(*LESS, step("look", 3), revision=3)))
    [newest] = said(conn, ApprovalRequested)
    assert "of revision 2: adds 1 step (s3)" in newest.review.findings[0].text


@pytest.mark.parametrize("seen", [True, False], ids=["it may run", "it is asked about"])
def test_an_edit_of_what_was_asked_again_revokes_what_the_first_answer_let_run(
    conn: Connection, seen: bool
) -> None:
    first = asked(PLAN)
    commit(conn, first, decided(first))
    again = asked_again(first, NOON)
    outbox.put(conn, [again], NOON)
    commit(conn, again)
    assert refusals(commit(conn, edit(again, seen=seen))) == []
    assert conn.execute(select(revocations.c.digest, revocations.c.by_digest)).all() == [
        (first.digest, EDITED)
    ]


def test_an_edit_of_a_runs_plan_is_the_runs(conn: Connection) -> None:
    plan = of_run(step("pay"), step("look", 2))
    request = waits(conn, plan)
    assert isinstance(request, ApprovalRequested)
    commit(conn, request)
    commit(conn, edit(request))
    found = conn.execute(select(revisions.c.revision, revisions.c.thread_id).order_by(revisions.c.revision))
    assert found.all() == [(1, "t1"), (2, "t1")]
