"""The judge of dead letters: each excuse covers what its reason covers, and nothing else was given up."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from gate_events.codec import encode
from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import PlanCleared
from gate_events.words import DeciderKind, DecisionKind
from gate_policy.route import route
from gate_store.clock import expiry
from gate_store.judged_words import IN_OTHER_WORDS
from plangate.torture.buried import Buried, digest_of
from plangate.torture.evidence import Evidence
from plangate.torture.honesty import Honesty
from plangate.torture.liars.lie import LIAR
from plangate.torture.liars.on_clearances import cleared
from plangate.torture.liars.on_plans import proposal
from plangate.torture.liars.on_requests import request
from plangate.torture.liars.told import Lie, Told
from plangate.torture.strays import stray_letters
from tests.faults.test_judge import CATALOGUE, CLEAN, DECISION, FAILED, NOW, PAID, PLAN, REQUEST, call
from tests.faults.test_judge_lies import LIED, NEXT, PEN, told

AT = NOW.timestamp()
JUMP = {"at": AT, "until": AT + 3, "kind": "jump", "pid": 0}
DIGEST = REQUEST.digest


def letter(record: Any, error: str, at: float = AT, place: int = 1) -> Buried:
    where = ("a topic", "0", str(place))
    return Buried(encode(record), error, record.plan_id, digest_of(record), record, at, where)


def strays(evidence: Evidence, *letters: Buried) -> int:
    buried = replace(evidence, buried=letters)
    return len(list(stray_letters(buried, Honesty(buried, CATALOGUE), CATALOGUE)))


def test_a_lie_that_was_refused_is_no_loss() -> None:
    assert strays(LIED, letter(NEXT, "why")) == 0
    assert strays(LIED, letter(PLAN, "why")) == 1


def test_what_was_made_of_a_lie_is_no_loss_and_what_was_made_of_an_honest_edit_is_one() -> None:
    [routed] = cleared(NEXT, "0" * 64)
    assert strays(LIED, letter(routed, "why")) == 0
    steps = NEXT.steps
    edit = msgspec.structs.replace(DECISION, kind=DecisionKind.EDIT, steps=steps)
    assert plan_digest(PLAN.plan_id, 2, steps, None) == routed.digest
    assert strays(replace(LIED, sent=[edit]), letter(routed, "why")) == 1


def test_a_liars_word_of_the_clock_of_no_gate_or_before_its_time_is_no_loss_however_often() -> None:
    asked = msgspec.structs.replace(
        REQUEST, review=msgspec.structs.replace(
            REQUEST.review, terms=msgspec.structs.replace(REQUEST.review.terms, deadline=NOW)
        )
    )  # fmt: skip
    none, early = "the clock says no such thing about this gate", "…; the clock says it again when it has"
    for request_, why, lost in ((asked, none, 0), (REQUEST, none, 1), (REQUEST, early, 0)):
        word, register = expiry(request_), Told()
        register.note(Lie(0, "expired_early", "decisions", word, encode(word), replay=True))
        letters = [letter(word, why, place=place) for place in (1, 2)]
        assert strays(replace(LIED, told=register), *letters) == lost


def test_as_many_letters_of_a_true_record_are_no_loss_as_it_was_told_again() -> None:
    register = Told()
    register.note(Lie(0, "plan_told_again", "plans", PLAN, encode(PLAN), replay=True))
    replayed = replace(LIED, told=register)
    first, again = letter(PLAN, "why"), letter(PLAN, "why", place=2)
    assert strays(replayed, first) == 0
    assert strays(replayed, first, first) == 0  # buried twice: its app was killed between
    assert strays(replayed, first, again) == 1


FIRST = f"plan {PLAN.plan_id} was first proposed by mallory for agent mallory: propose under another id"
OTHER = f"revision 1 of plan {PLAN.plan_id} has other content already: propose it as revision 2"


@pytest.mark.parametrize("error", [FIRST, OTHER])
def test_a_services_plan_whose_id_a_lie_had_first_is_no_loss(error: str) -> None:
    service = replace(LIED, service_plans=[PLAN])
    assert strays(service, letter(PLAN, error)) == 0
    assert strays(LIED, letter(PLAN, error)) == 1  # a run's is answered by its question alone
    assert strays(service, letter(PLAN, "the store cannot take it")) == 1
    of_another = told(msgspec.structs.replace(NEXT, plan_id=derived("another")))
    assert strays(replace(service, told=of_another), letter(PLAN, error)) == 1


def test_an_outcome_of_a_plan_that_was_lied_about_is_a_loss() -> None:
    service = replace(LIED, service_plans=[PLAN])
    assert strays(service, letter(CLEAN.outcomes[0], "its plan was not cleared under this digest")) == 1


def clearance_of_plan() -> PlanCleared:
    [record] = cleared(PLAN, "0" * 64)
    return record


def test_a_clearance_of_what_a_lie_asked_about_is_no_loss() -> None:
    error = "a human was asked about this plan at gate 1: only the verdict clears it"
    asked = replace(LIED, told=told(request(PLAN, PEN)))
    assert strays(asked, letter(clearance_of_plan(), error)) == 0
    assert strays(asked, letter(clearance_of_plan(), "another reason")) == 1
    assert strays(asked, letter(DECISION, error)) == 1
    assert strays(LIED, letter(clearance_of_plan(), error)) == 1  # named by a lie, but by no question
    other = proposal(PLAN, steps=(PAID,), proposer=LIAR)
    of_another = replace(LIED, told=told(request(other, PEN)))
    assert strays(of_another, letter(clearance_of_plan(), error)) == 1


EXPIRE = msgspec.structs.replace(
    DECISION, kind=DecisionKind.EXPIRE, decider=DeciderKind.CLOCK, decided_by="clock"
)
EARLY = "when it came the deadline had not come; the clock says it again when it has"
ANEW = "asked anew as 1: our own judgement differs in terms"


@pytest.mark.parametrize(("record", "error"), [(REQUEST, ANEW), (EXPIRE, EARLY)])
def test_what_a_wrong_clock_said_is_no_loss_while_the_laboratory_set_one_wrong(
    record: Any, error: str
) -> None:
    jumped = replace(CLEAN, faults=[JUMP])
    assert strays(jumped, letter(record, error, AT + 4)) == 0
    assert strays(jumped, letter(record, error, AT + 600)) == 1
    assert strays(jumped, letter(record, error, AT - 60)) == 1
    assert strays(CLEAN, letter(record, error, AT + 4)) == 1
    assert strays(replace(CLEAN, faults=[{**JUMP, "kind": "pause"}]), letter(record, error, AT + 4)) == 1
    assert strays(jumped, letter(record, "another reason", AT + 4)) == 1
    assert strays(jumped, letter(PLAN, error, AT + 4)) == 1


def test_what_a_lie_told_in_other_words_is_no_loss() -> None:
    why = f"asked anew as {derived('gate')}: gate {REQUEST.request_id} asked {IN_OTHER_WORDS}"
    lied = replace(LIED, told=told(request(PLAN, PEN, goal="another")))
    assert strays(lied, letter(REQUEST, why)) == 0
    assert strays(LIED, letter(REQUEST, why)) == 1
    assert strays(lied, letter(REQUEST, "why")) == 1


def test_a_question_in_whose_place_another_stands_is_no_loss() -> None:
    already = "asked anew as 1: this very plan was asked about already"
    assert strays(LIED, letter(REQUEST, already)) == 0
    assert strays(LIED, letter(REQUEST, ANEW)) == 1  # of that another letter must tell
    assert strays(LIED, letter(DECISION, already)) == 1
    assert strays(CLEAN, letter(REQUEST, already)) == 1  # no gate is there


def test_an_outcome_is_no_loss_where_the_step_that_failed_was_tried_again() -> None:
    error = "of step 's1' it says FAILED, and the ledger SUCCEEDED"
    again = replace(CLEAN, calls=[call(PAID, manner="fails"), call(PAID)])
    assert strays(again, letter(FAILED, error)) == 0
    assert strays(CLEAN, letter(FAILED, error)) == 1
    assert strays(again, letter(CLEAN.outcomes[0], error)) == 1


NEVER = "attempt 1 at this plan was never cleared: attempt 2 was"


@pytest.mark.parametrize(("action", "lost"), [("print", 0), ("file", 1)], ids=["without a store", "with one"])
def test_an_outcome_of_what_a_service_did_on_the_routers_word_beside_a_lie_is_no_loss(
    action: str, lost: int
) -> None:
    plan = msgspec.structs.replace(PLAN, steps=(msgspec.structs.replace(PLAN.steps[0], action_type=action),))
    routed = route(plan, CATALOGUE, now=NOW)
    assert isinstance(routed, PlanCleared)
    done = letter(msgspec.structs.replace(CLEAN.outcomes[0], digest=routed.digest), NEVER)
    beside = replace(LIED, proposed=[plan], cleared=[routed], told=told(request(plan, PEN)))
    assert strays(beside, done) == lost
    assert strays(beside, replace(done, error="its digest is that of another plan")) == 1
    assert strays(replace(beside, cleared=[]), done) == 1
    assert strays(replace(beside, told=told(NEXT)), done) == 1
