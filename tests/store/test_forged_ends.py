"""A SUPERSEDE that anybody can derive ends no question that the store itself would let stand."""

import pytest
from sqlalchemy import Connection

from gate_events.ids import derived
from gate_events.records import ApprovalRequested
from gate_events.words import RequestKind, StepStatus, Timing
from gate_store.afterwards import review_of
from gate_store.dispositions import Fate
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.superseding import EXECUTED, NEWER_PLAN, NEWER_REVISION, supersede
from tests.claims.gate import commit, proposed, routed, step
from tests.store.acting import ask, clear, decide, fates, look_at_doubts, said, state_of
from tests.store.examples import AFTER, NOON, asked, cleared, executed, plan_id, review, run


def reviewed(conn: Connection) -> ApprovalRequested:
    """A plan was cleared, and has run: a human is asked whether it was right."""
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    record_outcomes(conn, [executed(plan)], NOON)
    question: ApprovalRequested
    [question] = said(conn, ApprovalRequested)
    assert question.timing is Timing.AFTER
    ask(conn, question)
    return question


def test_that_a_plan_has_an_outcome_ends_no_review_of_it(conn: Connection) -> None:
    question = reviewed(conn)
    assert fates(decide(conn, supersede(question, "outcome", NOON, EXECUTED))) == [Fate.DEAD_LETTER]
    assert state_of(conn, question) == "PENDING"


def test_a_newer_revision_ends_no_review_of_the_older_one(conn: Connection) -> None:
    question = reviewed(conn)
    newer = asked(question.plan_id, revision=2)
    ask(conn, newer)
    forged = supersede(question, newer.request_id, NOON, NEWER_REVISION.format(2))
    assert fates(decide(conn, forged)) == [Fate.DEAD_LETTER]
    assert state_of(conn, question) == "PENDING"


def test_the_next_plan_of_a_run_ends_no_review_of_the_one_before(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER), run=run())
    clear(conn, plan)
    question = review_of(plan, NOON)
    assert question
    ask(conn, question)
    newer = asked(plan_id("next"), run=run(checkpoint="c2"))
    ask(conn, newer)
    forged = supersede(question, newer.request_id, NOON, NEWER_PLAN.format(newer.plan_id))
    assert fates(decide(conn, forged)) == [Fate.DEAD_LETTER]
    assert state_of(conn, question) == "PENDING"


@pytest.mark.parametrize("source", ["report", "probe"])
def test_what_became_of_a_steps_earlier_content_ends_no_doubt_about_its_later_content(
    conn: Connection, source: str
) -> None:
    one, two = proposed(step(what="17")), proposed(step(what="18"), revision=2)
    first, second = routed(one), routed(two)
    commit(conn, first)
    held = claim_effect(conn, one.plan_id, first.digest, one.steps[0], "biller", NOON)
    assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON)
    told = executed(cleared(one.plan_id, steps=one.steps))
    assert not commit(conn, told).refused
    commit(conn, second)
    held = claim_effect(conn, two.plan_id, second.digest, two.steps[0], "biller", NOON)
    assert finish_effect(conn, held, StepStatus.IN_DOUBT, NOON, detail="the line was cut")
    look_at_doubts(conn)
    [doubt] = [each for each in said(conn, ApprovalRequested) if each.kind is RequestKind.IN_DOUBT]
    commit(conn, doubt)
    forged = supersede(doubt, source, NOON, "it is known")
    assert forged.event_id == derived("supersede", doubt.request_id, source)
    assert fates(decide(conn, forged)) == [Fate.DEAD_LETTER]
    assert state_of(conn, doubt) == "PENDING"
