"""A service's plan that a reviewer edited and nobody carried out in time is asked about as it was edited."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested, PlanDecided
from gate_events.words import DecisionKind, StepStatus
from gate_policy.edited import review_of_edit
from gate_store.claims import Grant
from gate_store.clock import ask_again
from gate_store.ledger import claim_effect, finish_effect
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.edits import edited_again
from tests.claims.gate import CATALOGUE, asked, commit, open_questions, proposed, step
from tests.store.acting import said
from tests.store.examples import HOUR, NOON, decided

FIRST = step("pay", 1, what="invoice 1")
SECOND, EDITED = step("pay", 2, what="invoice 2"), step("pay", 2, what="invoice 3")
STEPS = (FIRST, EDITED)
LATE = NOON + 30 * 24 * HOUR

_ask_again = partial(ask_again, edited_again=partial(edited_again, catalogue=CATALOGUE))


def approve_edited(conn: Connection) -> PlanDecided:
    request = asked(proposed(FIRST, SECOND))
    commit(conn, request)
    seen = review_digest(review_of_edit(request, STEPS, CATALOGUE))
    commit(conn, decided(request, DecisionKind.EDIT, at=NOON, steps=STEPS, review_digest=seen))
    verdict: PlanDecided = said(conn, PlanDecided)[-1]
    assert (verdict.execute, verdict.revision, verdict.steps) == (True, 2, STEPS)
    return verdict


def do(conn: Connection, verdict: PlanDecided, number: int, at: datetime) -> Grant:
    plan, step_ = verdict.plan_id, verdict.steps[number]
    claim = claim_effect(conn, plan, verdict.digest, step_, "payer", at)
    if claim.grant is Grant.GO:
        finish_effect(conn, claim, StepStatus.SUCCEEDED, at)
    return claim.grant


@pytest.mark.parametrize("begun", [False, True], ids=["nobody began it", "half of it was done"])
def test_it_is_asked_once_as_edited_and_goes_on_under_the_same_digest(conn: Connection, begun: bool) -> None:
    verdict = approve_edited(conn)
    if begun:
        assert do(conn, verdict, 0, NOON) is Grant.GO
    assert _ask_again(conn, NOON + HOUR - timedelta(seconds=1)) == 0
    assert [_ask_again(conn, LATE), _ask_again(conn, LATE)] == [1, 0]
    [again] = said(conn, ApprovalRequested)
    assert (again.digest, again.revision, again.attempt) == (verdict.digest, 2, 2)
    assert again.steps == STEPS
    assert [group.text for group in again.review.groups] == ["Pay invoice 1", "Pay invoice 3"]
    assert again.review.findings[-1].text == "past its use-by"
    commit(conn, again)
    assert [gate.gate_id for gate in open_questions(conn)] == [again.request_id]
    commit_batch(conn, [decided(again, at=LATE)], CATALOGUE, LATE)
    assert said(conn, PlanDecided)[-1].digest == verdict.digest
    assert do(conn, verdict, 0, LATE) is (Grant.SUCCEEDED if begun else Grant.GO)
    assert do(conn, verdict, 1, LATE) is Grant.GO
