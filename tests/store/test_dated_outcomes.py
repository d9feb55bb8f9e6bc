"""When something happened goes by when it was heard of, where what its executor dates cannot be."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested
from gate_events.values import Step
from gate_store.clock import ask_expiry
from gate_store.ledger import prior_effects
from gate_store.outcomes import record_outcomes
from gate_store.tables import effects
from tests.store.acting import ask, clear, said
from tests.store.examples import AFTER, HOUR, NOON, cleared, executed, review

HEARD = NOON + HOUR
WRONG = [datetime(1990, 1, 1, tzinfo=UTC), NOON - timedelta(days=400), datetime(9999, 12, 31, tzinfo=UTC)]


def window_keys(steps: Sequence[Step]) -> Mapping[str, str]:
    return {step.step_id: f"key of {step.step_id}" for step in steps}


def tell(conn: Connection, executed_at: datetime) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    told = executed(plan, at=executed_at)
    assert record_outcomes(conn, [told], HEARD, window_keys, appended=[HEARD]) == {}


@pytest.mark.parametrize("executed_at", WRONG)
def test_a_review_has_its_time_whatever_its_executor_says_about_when(
    conn: Connection, executed_at: datetime
) -> None:
    tell(conn, executed_at)
    [question] = said(conn, ApprovalRequested)
    assert (question.requested_at, question.review.terms.deadline) == (HEARD, HEARD + HOUR)
    ask(conn, question)
    assert ask_expiry(conn, HEARD + timedelta(seconds=5)) == 0
    assert ask_expiry(conn, HEARD + HOUR) == 1


def test_an_executors_date_that_can_be_counts(conn: Connection) -> None:
    tell(conn, HEARD - timedelta(seconds=3))
    [question] = said(conn, ApprovalRequested)
    assert question.requested_at == HEARD - timedelta(seconds=3)


@pytest.mark.parametrize("executed_at", WRONG)
def test_what_was_done_counts_as_done_for_its_window_whatever_its_executor_says_about_when(
    conn: Connection, executed_at: datetime
) -> None:
    tell(conn, executed_at)
    moments = set(conn.execute(select(effects.c.claimed_at)).scalars())
    assert all(NOON <= moment <= HEARD for moment in moments)
    window = [("key of s1", 86_400)]
    assert prior_effects(conn, window, HEARD)
    assert not prior_effects(conn, window, HEARD + timedelta(days=2))
