"""A step id may have had other content in an earlier revision: that is another effect, with another key."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest, step_digest
from gate_events.ids import derived, effect_key
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import Step
from gate_events.words import DecisionKind, OutcomeStatus, RequestKind, Resolution, StepStatus
from gate_store.claims import Claim, Grant
from gate_store.clearances import record_cleared
from gate_store.effect_keys import Content, earlier_effects, keys_in_force
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.tables import effects
from tests.store.acting import ask, decide, look_at_doubts, said
from tests.store.examples import NOON, STEPS, cleared, decided, executed, plan_id

PLAN = plan_id()
OLD = STEPS[0]
NEW = msgspec.structs.replace(OLD, arguments={"to": "bob@example.org"})


def revision(number: int, step: Step) -> PlanCleared:
    return msgspec.structs.replace(
        cleared(PLAN, steps=(step,)),
        event_id=derived("cleared", PLAN, number),
        revision=number,
        digest=plan_digest(PLAN, number, (step,), None),
    )


FIRST, SECOND, THIRD = revision(1, OLD), revision(2, NEW), revision(3, OLD)
OTHER_KEY = derived("effect", PLAN, "s1", step_digest(PLAN, NEW))


@pytest.fixture(autouse=True)
def plans(conn: Connection) -> None:
    for plan in (FIRST, SECOND, THIRD):
        record_cleared(conn, [plan], NOON)


def claim(conn: Connection, plan: PlanCleared, at: datetime = NOON, **more: Any) -> Claim:
    made = claim_effect(conn, PLAN, plan.digest, plan.steps[0], "w1", at, **more)
    look_at_doubts(conn)
    return made


def finish(conn: Connection, plan: PlanCleared, held: Claim, status: StepStatus, **more: Any) -> None:
    assert finish_effect(conn, held, status, NOON, **more)
    look_at_doubts(conn)
    if status is not StepStatus.IN_DOUBT:
        end(conn, plan, status)  # an older revision ends before a newer begins


def end(conn: Connection, plan: PlanCleared, status: StepStatus) -> None:
    done = OutcomeStatus.DONE if status is StepStatus.SUCCEEDED else OutcomeStatus.FAILED
    record_outcomes(conn, [executed(plan, done, status)], NOON)


def question(conn: Connection) -> ApprovalRequested:
    found: list[ApprovalRequested] = said(conn, ApprovalRequested)
    (only,) = (each for each in found if each.kind is RequestKind.IN_DOUBT)
    return only


def states(conn: Connection) -> dict[UUID, str]:
    return {row.effect_id: row.state for row in conn.execute(select(effects))}


@pytest.mark.parametrize("ended", [StepStatus.SUCCEEDED, StepStatus.FAILED])
@pytest.mark.parametrize("idempotent", [False, True])
def test_done_is_told_of_equal_content_only(conn: Connection, ended: StepStatus, idempotent: bool) -> None:
    old = claim(conn, FIRST, idempotent=idempotent)
    finish(conn, FIRST, old, ended, result="old")
    new = claim(conn, SECOND, idempotent=idempotent)
    assert (old.key, new.key) == (effect_key(PLAN, "s1"), OTHER_KEY)
    assert (new.grant, new.result) == (Grant.GO, None)
    finish(conn, SECOND, new, StepStatus.SUCCEEDED, result="new")
    again = claim(conn, SECOND)
    assert (again.grant, again.result, again.key) == (Grant.SUCCEEDED, "new", new.key)
    assert states(conn) == {old.key: ended.value, new.key: "SUCCEEDED"}


def test_the_same_content_in_a_later_revision_is_done(conn: Connection) -> None:
    finish(conn, FIRST, claim(conn, FIRST), StepStatus.SUCCEEDED, result="old")
    again = claim(conn, THIRD)
    assert (again.grant, again.result, again.key) == (Grant.SUCCEEDED, "old", effect_key(PLAN, "s1"))


def test_other_content_waits_until_the_first_has_ended(conn: Connection) -> None:
    held = claim(conn, FIRST)
    assert claim(conn, SECOND, idempotent=True).grant is Grant.BUSY
    finish(conn, FIRST, held, StepStatus.SUCCEEDED)
    assert claim(conn, SECOND).grant is Grant.GO


def test_other_content_is_not_begun_beside_a_doubt_about_the_first(conn: Connection) -> None:
    claim(conn, FIRST)
    for _ in range(2):
        assert claim(conn, SECOND, at=NOON + timedelta(hours=2)).grant is Grant.IN_DOUBT
    asked = question(conn)
    assert (asked.digest, asked.steps) == (FIRST.digest, (OLD,))
    ask(conn, asked)
    decide(conn, decided(asked, DecisionKind.RESOLVE, resolution=Resolution.ABANDON))
    assert states(conn) == {effect_key(PLAN, "s1"): "FAILED"}
    end(conn, FIRST, StepStatus.FAILED)
    assert claim(conn, SECOND).grant is Grant.GO


def test_a_doubt_about_one_content_is_not_answered_for_another(conn: Connection) -> None:
    finish(conn, FIRST, claim(conn, FIRST), StepStatus.FAILED)
    finish(conn, SECOND, claim(conn, SECOND), StepStatus.IN_DOUBT, detail="the line was cut")
    ask(conn, asked := question(conn))
    decide(conn, decided(asked, DecisionKind.RESOLVE, resolution=Resolution.HAPPENED))
    assert states(conn) == {effect_key(PLAN, "s1"): "FAILED", OTHER_KEY: "SUCCEEDED"}


def test_the_outcome_of_a_later_revision_is_kept_under_its_own_key(conn: Connection) -> None:
    finish_effect(conn, claim(conn, FIRST), StepStatus.FAILED, NOON)
    record_outcomes(conn, [executed(SECOND)], NOON)
    assert states(conn) == {effect_key(PLAN, "s1"): "FAILED", OTHER_KEY: "SUCCEEDED"}


def test_the_plain_key_is_of_what_was_seen_first(conn: Connection) -> None:
    old, new = Content.of(PLAN, OLD), Content.of(PLAN, NEW)
    assert keys_in_force(conn, [new]) == {new: effect_key(PLAN, "s1")}
    claim(conn, FIRST)
    assert keys_in_force(conn, [new, old]) == {new: OTHER_KEY, old: effect_key(PLAN, "s1")}


def test_the_question_about_a_later_revision_can_say_what_the_earlier_did(conn: Connection) -> None:
    assert earlier_effects(conn, {SECOND.digest: PLAN}) == {SECOND.digest: []}
    finish(conn, FIRST, claim(conn, FIRST), StepStatus.FAILED, detail="no such mailbox")
    claim(conn, SECOND)
    action = OLD.action_type
    done = [(1, "s1", action, "FAILED", "no such mailbox")]
    assert earlier_effects(conn, {SECOND.digest: PLAN}) == {SECOND.digest: done}
