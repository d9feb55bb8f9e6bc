from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from psycopg.errors import DeadlockDetected
from sqlalchemy import Engine, event, insert
from sqlalchemy.exc import OperationalError

from gate_events.records import DecisionMade
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, StepStatus
from gate_policy.catalogue import load_catalogue
from gate_store.claims import Grant
from gate_store.clearances import record_cleared
from gate_store.database import open_store
from gate_store.decisions import apply_decisions
from gate_store.engine.port import (
    NotClearedError,
    NotNowError,
    NotYetClearedError,
    OutdatedError,
    RepeatsError,
    UnderWayError,
)
from gate_store.gates import open_gates
from gate_store.planned_effects import PlannedEffect, note_planned_effects
from gate_store.stale import to_ask
from gate_store.tables import revocations
from producers.store_ledger import StoreLedger
from tests.producers.records import STEPS, cleared, decided, question_about, revised
from tests.producers.stored import end
from tests.stores import migrated

PLAN = cleared()
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Hands:
    """The clock of a test."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    migrated(store_url)
    opened = open_store(store_url)
    yield opened
    opened.dispose()


@pytest.fixture
def hands() -> Hands:
    return Hands()


def ledger(store: Engine, hands: Hands, executor: str = "one", **given: Any) -> StoreLedger:
    return StoreLedger(store, executor, hands.now, **given)


def clear(store: Engine) -> None:
    with store.begin() as conn:
        record_cleared(conn, [PLAN], NOON)


def test_a_plan_that_the_gatekeeper_has_not_noted_yet_may_run_later(store: Engine, hands: Hands) -> None:
    one = ledger(store, hands)
    for ask_for in (one.may_run, lambda plan: one.claim(plan, STEPS[0])):
        with pytest.raises(NotYetClearedError, match="no verdict or clearance covers it"):
            ask_for(PLAN)
    clear(store)
    one.may_run(PLAN)
    assert one.claim(PLAN, STEPS[0]).grant is Grant.GO


def test_a_verdict_that_the_store_does_not_know_is_nobodys(store: Engine, hands: Hands) -> None:
    with pytest.raises(NotClearedError) as refused:
        ledger(store, hands).may_run(decided())
    assert not isinstance(refused.value, NotNowError)


def test_a_name_that_the_gatekeeper_refuses_is_not_waited_for(store: Engine, hands: Hands) -> None:
    with pytest.raises(NotClearedError, match="leave it out") as refused:
        ledger(store, hands).may_run(replace(PLAN, proposer="mal\u200blory"))
    assert not isinstance(refused.value, NotNowError)


def begin(one: StoreLedger, step: Step) -> None:
    one.may_run(PLAN)
    one.claim(PLAN, step)


def revoke(store: Engine) -> None:
    clear(store)
    with store.begin() as conn:
        gone = {"digest": PLAN.digest, "by_digest": None, "at": NOON, "why": "it was revoked"}
        conn.execute(insert(revocations).values(**gone))


def ask(store: Engine) -> None:
    with store.begin() as conn:
        open_gates(conn, [question_about(PLAN)], NOON)


BROUGHT_ABOUT = {"revoked": revoke, "asked": ask, "cleared": clear}


@pytest.mark.parametrize(
    ("state", "step", "why"),
    [
        pytest.param("revoked", STEPS[0], "it was revoked", id="revoked"),
        pytest.param("asked", STEPS[0], "a human was asked about it", id="asked"),
        pytest.param(
            "cleared", replace(STEPS[0], step_id="s9"), "no verdict or clearance", id="no such step"
        ),
        pytest.param(
            "cleared", replace(STEPS[0], arguments={}), "not the step that was approved", id="other"
        ),
    ],
)
def test_what_may_never_run_is_not_waited_for(
    store: Engine, hands: Hands, state: str, step: Step, why: str
) -> None:
    BROUGHT_ABOUT[state](store)
    with pytest.raises(NotClearedError, match=why) as refused:
        begin(ledger(store, hands), step)
    assert not isinstance(refused.value, NotNowError)


def test_a_plan_that_a_human_approved_beside_the_routers_word_is_at_the_attempt_of_the_question(
    store: Engine, hands: Hands
) -> None:
    question = replace(question_about(PLAN), attempt=2)
    with store.begin() as conn:
        open_gates(conn, [question], hands.now())
        approval = DecisionMade(
            event_id=uuid4(),
            request_id=question.request_id,
            plan_id=PLAN.plan_id,
            revision=PLAN.revision,
            digest=PLAN.digest,
            kind=DecisionKind.APPROVE,
            decided_at=hands.now(),
            decided_by="ann",
            decider=DeciderKind.PERSON,
        )
        apply_decisions(conn, [approval], hands.now(), lambda *_: "no edit", lambda *_: "nothing to undo")
    assert (PLAN.attempt, ledger(store, hands).attempt(PLAN)) == (1, 2)


def test_a_step_that_another_is_at_is_done_later_and_not_again(store: Engine, hands: Hands) -> None:
    clear(store)
    first = ledger(store, hands, "one")
    claim = first.claim(PLAN, STEPS[0])
    with pytest.raises(UnderWayError, match="another is at it"):
        ledger(store, hands, "two").claim(PLAN, STEPS[0])
    first.finish(PLAN, STEPS[0], claim, StepStatus.SUCCEEDED, "sent", "")
    second = ledger(store, hands, "two").claim(PLAN, STEPS[0])
    assert (second.grant, second.result) == (Grant.SUCCEEDED, "sent")


def test_a_step_whose_executor_died_is_in_doubt_after_its_lease(store: Engine, hands: Hands) -> None:
    clear(store)
    ledger(store, hands, "one", lease_s=0).claim(PLAN, STEPS[0])
    assert ledger(store, hands, "two").claim(PLAN, STEPS[0]).grant is Grant.IN_DOUBT


def test_a_revision_may_run_once_what_an_older_one_began_has_ended(store: Engine, hands: Hands) -> None:
    newer = revised(PLAN)
    clear(store)
    one = ledger(store, hands)
    claim = one.claim(PLAN, STEPS[0])
    with store.begin() as conn:
        record_cleared(conn, [newer], NOON)
    for ask_for in (one.may_run, lambda plan: one.claim(plan, plan.steps[0])):
        with pytest.raises(UnderWayError, match="revision 1 of its plan was begun and has not ended"):
            ask_for(newer)
    one.finish(PLAN, STEPS[0], claim, StepStatus.SUCCEEDED, "sent", "")
    end(store, PLAN)
    one.may_run(newer)
    assert one.claim(newer, newer.steps[0]).grant is Grant.GO


def test_the_end_of_a_step_is_told_once_more_after_a_deadlock(store: Engine, hands: Hands) -> None:
    """Else what was done would become a question, because somebody answered one at the same moment."""
    clear(store)
    one = ledger(store, hands)
    claim = one.claim(PLAN, STEPS[0])
    victims = iter([OperationalError("", {}, DeadlockDetected())] * 2)

    @event.listens_for(store, "before_cursor_execute")
    def fail(*_: object) -> None:
        for error in victims:
            raise error

    assert one.finish(PLAN, STEPS[0], claim, StepStatus.SUCCEEDED, "sent", "")
    assert one.claim(PLAN, STEPS[0]).result == "sent"


def test_what_another_plan_did_meanwhile_is_not_begun_and_noted_for_the_gatekeeper(
    store: Engine, hands: Hands
) -> None:
    other = cleared()
    with store.begin() as conn:
        record_cleared(conn, [PLAN, other], datetime.now(UTC))
        planned = PlannedEffect(PLAN.plan_id, PLAN.digest, "s1", "mail:ann", 86_400)
        note_planned_effects(conn, [planned], datetime.now(UTC))
    hands.pass_by(1)
    judged = load_catalogue(
        """
version: 1
actions:
  send_email: {tier: REVERSIBLE, effect: {key: "mail:{{ to }}", window: 24h}}
"""
    )
    assert ledger(store, hands, catalogue=judged).claim(other, STEPS[0]).grant is Grant.GO
    with pytest.raises(RepeatsError, match=f"by plan {other.plan_id}"):
        ledger(store, hands).claim(PLAN, STEPS[0])
    with pytest.raises(OutdatedError, match=f"by plan {other.plan_id}"):
        ledger(store, hands).may_run(PLAN)
    with store.begin() as conn:
        assert [each.digest for each in to_ask(conn, 10)] == [PLAN.digest]
