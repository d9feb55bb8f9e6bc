"""What the store said and Kafka did not bring back is taken from the store: no question of ours is lost."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, Engine, delete, select, update

from gate_events.ids import outcome_id
from gate_events.records import ApprovalRequested
from gate_events.words import RequestKind, StepStatus, Timing
from gate_store import outbox
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.tables import gates, own_requests, plan_outcomes, runs
from gate_store.tables import outbox as outbox_table
from stream_apps.gatekeeper.unheard import Unheard
from tests.claims.gate import CATALOGUE, asked, commit, proposed, step
from tests.store.acting import ask_again, clear, decide, look_at_doubts, said
from tests.store.examples import AFTER, HOUR, NOON, STEPS, cleared, decided, executed, review, run

LOOK = timedelta(seconds=10)


def a_review(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    record_outcomes(conn, [executed(plan)], NOON)


def a_doubt(conn: Connection) -> None:
    plan = cleared()
    clear(conn, plan)
    held = claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "biller", NOON)
    assert finish_effect(conn, held, StepStatus.IN_DOUBT, NOON, detail="the line was cut")
    look_at_doubts(conn)


def a_question_asked_again(conn: Connection) -> None:
    question = asked(proposed(step("pay")))
    commit(conn, question)
    decide(conn, decided(question))
    assert ask_again(conn, NOON + 3 * HOUR) == 1


QUESTIONS: dict[Callable[[Connection], None], tuple[str, str, int]] = {
    a_review: (RequestKind.PLAN.value, Timing.AFTER.value, 1),
    a_doubt: (RequestKind.IN_DOUBT.value, Timing.AFTER.value, 1),
    a_question_asked_again: (RequestKind.PLAN.value, Timing.BEFORE.value, 2),
}


def pending(store: Engine) -> list[tuple[str, str, int]]:
    with store.begin() as conn:
        found = conn.execute(
            select(gates.c.kind, gates.c.timing, gates.c.attempt).where(gates.c.state == "PENDING")
        )
        return [(row.kind, row.timing, row.attempt) for row in found]


def noted(store: Engine) -> int:
    with store.begin() as conn:
        return len(conn.execute(select(own_requests)).all())


@pytest.mark.parametrize("happens", QUESTIONS, ids=lambda happens: happens.__name__)
def test_a_question_that_no_topic_takes_is_opened_all_the_same(
    store: Engine, happens: Callable[[Connection], None]
) -> None:
    unheard = Unheard(store, CATALOGUE)
    with store.begin() as conn:
        happens(conn)
    for looks in range(3):
        unheard.take(NOON + looks * LOOK)
    assert pending(store) == []  # it waits for its relay
    with store.begin() as conn:
        conn.execute(delete(outbox_table))  # which is done with it, whatever Kafka said
    unheard.take(NOON + 3 * LOOK)
    assert pending(store) == []  # it may be on its way
    unheard.take(NOON + 4 * LOOK)
    assert pending(store) == [QUESTIONS[happens]]
    assert noted(store) == 0


@pytest.mark.parametrize("happens", QUESTIONS, ids=lambda happens: happens.__name__)
def test_that_kafka_brings_it_still_changes_nothing(
    store: Engine, happens: Callable[[Connection], None]
) -> None:
    with store.begin() as conn:
        happens(conn)
        [question] = said(conn, ApprovalRequested)
        conn.execute(delete(outbox_table))
    unheard = Unheard(store, CATALOGUE)
    unheard.take(NOON)
    unheard.take(NOON + LOOK)
    with store.begin() as conn:
        assert commit(conn, question).refused == {}
    assert pending(store) == [QUESTIONS[happens]]


def test_the_outcome_of_a_run_that_no_topic_takes_is_kept_and_reviewed(store: Engine) -> None:
    with store.begin() as conn:
        plan = cleared(run=run(), review=review(allowed=AFTER))
        clear(conn, plan)
        for each in STEPS:
            held = claim_effect(conn, plan.plan_id, plan.digest, each, "w1", NOON)
            assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON)
        conn.execute(update(runs).values(status="DONE"))
        told = msgspec.structs.replace(executed(plan), event_id=outcome_id(plan.plan_id, plan.digest))
        outbox.put(conn, [told], NOON)
        conn.execute(delete(outbox_table))
    unheard = Unheard(store, CATALOGUE)
    unheard.take(NOON)
    unheard.take(NOON + LOOK)
    with store.begin() as conn:
        assert conn.execute(select(plan_outcomes.c.status)).scalars().all() == ["DONE"]
        [question] = said(conn, ApprovalRequested)
    assert question.timing is Timing.AFTER
