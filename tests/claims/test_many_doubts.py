"""A question carries all steps of its plan: of many steps in doubt only so many are asked about at once."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted, PlanProposed, StepResult
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store import doubt_pages
from gate_store.doubt_pages import AT_ONCE, OF_ONE_PLAN
from gate_store.doubts import ask_about_doubted
from gate_store.ledger import claim_effect
from gate_store.lost_claims import doubt_lost_claims
from gate_store.tables import effects, outbox
from tests.claims.gate import commit, proposed, routed, step
from tests.store.acting import ask, decide, look_at_doubts, said
from tests.store.examples import NOON, decided, plan_id

MANY = 200


def of_steps(count: int, size: int, name: object = "plan") -> PlanProposed:
    return proposed(*[step("look", n, what=f"{n} {'x' * size}") for n in range(count)], name=name)


def harmless(conn: Connection, plan: PlanProposed) -> PlanCleared:
    word = routed(plan)
    assert isinstance(word, PlanCleared)
    assert not commit(conn, word).refused
    return word


def told(word: PlanCleared, status: StepStatus = StepStatus.IN_DOUBT, name: str = "told") -> PlanExecuted:
    done = status is StepStatus.SUCCEEDED
    return PlanExecuted(
        event_id=plan_id(f"{word.plan_id} {name}"),
        plan_id=word.plan_id,
        revision=word.revision,
        digest=word.digest,
        executed_at=NOON,
        executor="mailer",
        status=OutcomeStatus.DONE if done else OutcomeStatus.FAILED,
        results=tuple(
            StepResult(step_id=each.step_id, status=status, finished_at=NOON) for each in word.steps
        ),
    )


def questions(conn: Connection) -> list[ApprovalRequested]:
    return [each for each in said(conn, ApprovalRequested) if each.in_doubt]


def steps_asked(conn: Connection) -> set[str]:
    return {each.in_doubt.step_id for each in questions(conn) if each.in_doubt}


def question_bytes(conn: Connection) -> int:
    total = select(func.sum(func.length(outbox.c.body))).where(outbox.c.record == "ApprovalRequested")
    return conn.execute(total).scalar() or 0


def asked_by_the_clock(conn: Connection) -> list[int]:
    """How many it asks about, look by look, until it has nothing to ask."""
    looks: list[int] = []
    while asked := ask_about_doubted(conn, NOON):
        looks.append(asked)
    return looks


def in_doubt(conn: Connection) -> int:
    found = select(func.count()).select_from(effects).where(effects.c.state == "IN_DOUBT")
    return conn.execute(found).scalar_one()


def answer(conn: Connection, asked: Sequence[ApprovalRequested]) -> None:
    ask(conn, *asked)
    decide(conn, *(decided(each, DecisionKind.RESOLVE, resolution=Resolution.HAPPENED) for each in asked))


def test_an_outcome_of_many_doubts_asks_no_more_at_once_than_one_record_may_have(conn: Connection) -> None:
    word = harmless(conn, of_steps(MANY, 400))
    assert not commit(conn, told(word)).refused
    assert in_doubt(conn) == MANY
    assert 0 < question_bytes(conn) <= AT_ONCE


def test_all_of_an_honest_services_doubts_are_asked_about_soon(conn: Connection) -> None:
    word = harmless(conn, of_steps(MANY, 400))
    commit(conn, told(word))
    assert len(asked_by_the_clock(conn)) <= 5
    assert steps_asked(conn) == {each.step_id for each in word.steps}
    assert len(questions(conn)) == MANY


def test_nor_do_two_outcomes_that_differ_in_many_steps(conn: Connection) -> None:
    word = harmless(conn, of_steps(MANY, 400))
    commit(conn, told(word, StepStatus.SUCCEEDED))
    commit(conn, told(word, StepStatus.FAILED, "otherwise"))
    assert in_doubt(conn) == MANY
    assert 0 < question_bytes(conn) <= AT_ONCE
    asked_by_the_clock(conn)
    assert steps_asked(conn) == {each.step_id for each in word.steps}
    known = {each.in_doubt.known for each in questions(conn) if each.in_doubt}
    assert known == {"mailer said SUCCEEDED, then mailer said FAILED"}


def test_nor_do_many_claims_that_were_lost(conn: Connection) -> None:
    word = harmless(conn, of_steps(30, 8_000))
    for each in word.steps:
        claim_effect(conn, word.plan_id, word.digest, each, "mailer", NOON)
    later = NOON + timedelta(hours=1)
    first = doubt_lost_claims(conn, later)
    assert 0 < first < len(word.steps)
    assert question_bytes(conn) <= AT_ONCE
    while doubt_lost_claims(conn, later):
        pass
    assert steps_asked(conn) == {each.step_id for each in word.steps}


def test_the_questions_of_one_plan_that_stand_open_have_an_end(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next are asked as they are answered, until nothing is in doubt."""
    monkeypatch.setattr(doubt_pages, "OF_ONE_PLAN", OF_ONE_PLAN // 64)
    word = harmless(conn, of_steps(30, 1_500))
    commit(conn, told(word))
    asked_by_the_clock(conn)
    first = questions(conn)
    assert 0 < len(first) < len(word.steps)
    assert question_bytes(conn) <= OF_ONE_PLAN // 64
    answered: list[ApprovalRequested] = []
    while more := [each for each in questions(conn) if each not in answered]:
        answer(conn, more)
        answered += more
        asked_by_the_clock(conn)
    assert len(answered) == len(word.steps)
    assert in_doubt(conn) == 0


def test_no_plan_waits_for_the_questions_about_another(conn: Connection) -> None:
    """What stands before it is twice what goes at once."""
    large, small = harmless(conn, of_steps(30, 10_000)), harmless(conn, of_steps(2, 10, "small"))
    commit(conn, told(large))
    commit(conn, told(small))
    look_at_doubts(conn)
    assert Counter(each.plan_id for each in questions(conn))[small.plan_id] == 2


def test_a_plan_of_a_single_large_question_is_asked_about_all_the_same(conn: Connection) -> None:
    word = harmless(conn, of_steps(2, AT_ONCE // 2))
    commit(conn, told(word))
    assert len(questions(conn)) == 1
    asked_by_the_clock(conn)
    assert len(questions(conn)) == 2


def test_nobody_but_the_clock_asks_about_a_step_that_waits_for_its_question(conn: Connection) -> None:
    word = harmless(conn, of_steps(30, 10_000))
    commit(conn, told(word))
    asked = questions(conn)[0]
    waits = next(each for each in word.steps if each.step_id not in steps_asked(conn))
    assert asked.in_doubt is not None
    forged = msgspec.structs.replace(
        asked,
        event_id=plan_id("forged"),
        request_id=plan_id("forged gate"),
        in_doubt=msgspec.structs.replace(asked.in_doubt, step_id=waits.step_id),
    )
    assert commit(conn, forged).refused
