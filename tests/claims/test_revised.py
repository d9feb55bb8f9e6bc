"""A service's later revision is shown as what it changes; what an older one asked about it does not clear."""

import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.words import StepStatus
from gate_store.dialects import read, whole
from gate_store.ledger import claim_effect, finish_effect
from gate_store.tables import gates
from tests.claims.gate import asked, cleared, commit, may_run, proposed, refusals, routed, step
from tests.store.acting import decide, said
from tests.store.examples import NOON, decided

TWICE = proposed(step("mail", 1, to="ann"), step("mail", 2, to="ann"), step("look", 3))
ONCE = proposed(step("mail", 1, to="ann"), revision=2)
ANOTHER_ID = proposed(step("mail", 9, to="ann"), revision=2)
SPELLED = proposed(step("mail", 1, to=" Ann "), revision=2)
ONLY_LOOKS = proposed(step("look", 2), revision=2)
PAY = proposed(step("pay", what="invoice 17"), step("look", 2))


def newest(conn: Connection) -> ApprovalRequested:
    found = conn.execute(select(whole(gates.c.request)).order_by(gates.c.revision.desc())).scalars()
    return read(found.first() or "", ApprovalRequested)


def finding(request: ApprovalRequested, check: str) -> str:
    return next(each.text for each in request.review.findings if each.check == check)


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("later", [ONCE, ANOTHER_ID, SPELLED], ids=["less", "another id", "other spelling"])
def test_what_an_older_revision_asked_about_is_not_cleared_by_a_later_one(
    conn: Connection, later: PlanProposed, batches: int
) -> None:
    claim = routed(later)
    why = commit(conn, routed(TWICE), claim) if batches == 1 else None
    if why is None:
        commit(conn, routed(TWICE))
        why = commit(conn, claim)
    ours = newest(conn)
    assert refusals(why) == [f"asked anew as {ours.request_id}: a human must decide before it runs"]
    assert (ours.revision, ours.digest, may_run(conn)) == (2, claim.digest, set())


def test_it_is_asked_about_after_the_older_one_was_approved_too(conn: Connection) -> None:
    commit(conn, routed(TWICE))
    decide(conn, decided(asked(TWICE)))
    assert refusals(commit(conn, routed(ONCE)))
    assert routed(ONCE).digest not in may_run(conn)


def test_what_no_older_revision_asked_about_is_cleared(conn: Connection) -> None:
    commit(conn, routed(PAY))
    assert refusals(commit(conn, routed(ONLY_LOOKS))) == []
    assert may_run(conn) == {routed(ONLY_LOOKS).digest}


def test_the_reviewer_sees_what_a_revision_changes_and_who_claims_it(conn: Connection) -> None:
    commit(conn, routed(PAY))
    later = proposed(step("pay", what="invoice 18"), step("look", 4), step("look", 5), revision=2)
    [why] = refusals(commit(conn, routed(later)))
    assert "differs in findings" in why
    assert finding(newest(conn), "revision") == (
        "revision 2, claimed by billing-service, of revision 1: adds 2 steps (s4, s5), drops 1 step (s2),"
        " changes 1 step (s1)"
    )
    assert said(conn, ApprovalRequested) == [newest(conn)]


def test_the_reviewer_sees_what_an_older_revision_has_begun(conn: Connection) -> None:
    first = cleared(proposed(step("look", what="old")))
    commit(conn, first)
    claim = claim_effect(conn, first.plan_id, first.digest, first.steps[0], "w", NOON)
    finish_effect(conn, claim, StepStatus.SUCCEEDED, NOON)
    commit(conn, routed(proposed(step("pay"), revision=2)))
    assert finding(newest(conn), "earlier revision") == "revision 1 began look (s1): SUCCEEDED"


def test_the_first_revision_is_asked_about_as_it_is(conn: Connection) -> None:
    assert refusals(commit(conn, routed(PAY))) == []
    assert newest(conn) == asked(PAY)
