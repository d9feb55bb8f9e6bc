"""Outcomes are claims: what they say counts only of what was cleared, and where the ledger agrees."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, StepResult
from gate_events.values import Step
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus, Timing
from gate_store.awaited import ask_for_outcomes, settle_waiting_outcomes
from gate_store.clearances import record_cleared
from gate_store.cleared_plans import EARLY
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.tables import effects, plan_outcomes, runs
from tests.store.acting import ask, clear, decide, said, state_of, verdict_of
from tests.store.examples import (
    AFTER,
    HOUR,
    NOON,
    STEPS,
    asked,
    cleared,
    decided,
    executed,
    plan_id,
    review,
    run,
)

OK, SKIPPED, FAILED = StepStatus.SUCCEEDED, StepStatus.SKIPPED, StepStatus.FAILED
LATER = NOON + HOUR / 2
SECOND = timedelta(seconds=1)


def told(plan: PlanCleared | ApprovalRequested, *statuses: StepStatus, **changes: Any) -> PlanExecuted:
    """An outcome with a status for each step."""
    results = tuple(
        StepResult(step_id=step.step_id, status=status, finished_at=LATER)
        for step, status in zip(plan.steps, statuses, strict=True)
    )
    done = OutcomeStatus.DONE if set(statuses) == {OK} else OutcomeStatus.FAILED
    fields: dict[str, Any] = {"status": done, "results": results, **changes}
    return msgspec.structs.replace(executed(plan), **fields)


def revised(plan: Any, revision: int = 2, steps: tuple[Step, ...] = STEPS) -> Any:
    digest = plan_digest(plan.plan_id, revision, steps, plan.run)
    event = derived("cleared", plan.plan_id, revision)
    return msgspec.structs.replace(plan, revision=revision, steps=steps, digest=digest, event_id=event)


def states(conn: Connection) -> dict[str, str]:
    return {row.step_id: row.state for row in conn.execute(select(effects))}


def kept(conn: Connection) -> list[tuple[int, str]]:
    found = conn.execute(select(plan_outcomes).order_by(plan_outcomes.c.attempt))
    return [(row.attempt, row.status) for row in found]


def given_up(conn: Connection, now: datetime, looked_at: datetime | None = None) -> list[PlanExecuted]:
    return [told for told, _ in settle_waiting_outcomes(conn, now, HOUR, looked_at).letters]


def test_every_revision_that_ran_is_reviewed(conn: Connection) -> None:
    first = cleared(review=review(allowed=AFTER))
    second = revised(first, steps=(Step(step_id="s9", action_type="credit", arguments={"to": "eve"}),))
    for plan in (first, second):
        clear(conn, plan)
        assert record_outcomes(conn, [executed(plan)], NOON) == {}
    reviews = [(each.timing, each.revision) for each in said(conn, ApprovalRequested)]
    assert reviews == [(Timing.AFTER, 1), (Timing.AFTER, 2)]
    assert set(states(conn)) == {"s1", "s2", "s9"}


def test_an_older_revision_that_did_not_run_closes_nothing_that_is_newer(conn: Connection) -> None:
    rejected = asked()
    ask(conn, rejected)
    decide(conn, decided(rejected, DecisionKind.REJECT))
    newer = asked(revision=2)
    ask(conn, newer)
    not_run = executed(rejected, OutcomeStatus.NOT_RUN, SKIPPED)
    assert record_outcomes(conn, [not_run], NOON) == {}
    assert said(conn, DecisionMade) == []
    assert state_of(conn, newer) == "PENDING"


def test_a_softer_revision_after_one_that_did_not_run_is_reviewed(conn: Connection) -> None:
    rejected = asked()
    ask(conn, rejected)
    decide(conn, decided(rejected, DecisionKind.REJECT))
    record_outcomes(conn, [executed(rejected, OutcomeStatus.NOT_RUN, SKIPPED)], NOON)
    softer = revised(cleared(review=review(allowed=AFTER)))
    clear(conn, softer)
    record_outcomes(conn, [executed(softer)], NOON)
    assert [each.timing for each in said(conn, ApprovalRequested)] == [Timing.AFTER]


@pytest.mark.parametrize("status", [OutcomeStatus.DONE, OutcomeStatus.NOT_RUN])
def test_an_outcome_that_nothing_cleared_closes_no_gate(conn: Connection, status: OutcomeStatus) -> None:
    request = asked()
    ask(conn, request)
    of_this = executed(request, status)
    nonsense = msgspec.structs.replace(of_this, revision=9, digest="f" * 64)
    record_outcomes(conn, [nonsense, of_this], NOON)
    assert said(conn, DecisionMade) == []
    assert states(conn) == {}


def test_what_was_told_before_the_approval_does_not_stand_in_the_place_of_the_truth(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    record_outcomes(conn, [told(request, OK, OK)], NOON)
    decide(conn, decided(request, at=LATER))
    assert (states(conn), kept(conn)) == ({}, [])
    assert record_outcomes(conn, [told(request, FAILED, SKIPPED)], LATER) == {}
    assert states(conn) == {"s1": "FAILED"}


@pytest.mark.parametrize("lie_first", [True, False], ids=["the lie first", "the lie last"])
@pytest.mark.parametrize("cleared_first", [True, False], ids=["the clearance first", "the clearance last"])
def test_what_was_told_before_the_router_cleared_takes_no_place_whatever_is_read_first(
    conn: Connection, lie_first: bool, cleared_first: bool
) -> None:
    plan = cleared()
    lie, honest = (told(plan, FAILED, SKIPPED), NOON), (told(plan, OK, OK), NOON + 2 * SECOND)
    both = [lie, honest] if lie_first else [honest, lie]
    refused: dict[int, str] = {}

    def clears() -> None:
        record_cleared(conn, [plan], NOON, appended={plan.digest: NOON + SECOND})

    if cleared_first:
        clears()
    for record, moment in both:
        refused |= record_outcomes(conn, [record], LATER, appended=[moment])
    if not cleared_first:
        clears()
    given_up = [*refused.values(), *(why for _, why in settle_waiting_outcomes(conn, LATER, HOUR).letters)]
    assert [why[:40] for why in given_up] == ["it was told before its plan was cleared,"]
    assert (states(conn), kept(conn)) == ({"s1": "SUCCEEDED", "s2": "SUCCEEDED"}, [(1, "DONE")])


@pytest.mark.parametrize("succeeded_first", [False, True])
def test_of_outcomes_that_waited_and_differ_none_is_believed(conn: Connection, succeeded_first: bool) -> None:
    plan = cleared()
    both = [told(plan, FAILED, SKIPPED), told(plan, OK, OK)]
    for record in reversed(both) if succeeded_first else both:
        assert record_outcomes(conn, [record], NOON) == {}
    clear(conn, plan)
    assert states(conn) == {"s1": "IN_DOUBT", "s2": "IN_DOUBT"}
    assert [each.in_doubt.step_id for each in said(conn, ApprovalRequested) if each.in_doubt] == ["s1", "s2"]
    assert settle_waiting_outcomes(conn, NOON + 2 * HOUR, HOUR).letters == []


def test_an_outcome_of_an_attempt_before_the_clearance_was_renewed_is_not_early(conn: Connection) -> None:
    first, again = asked(), asked(attempt=2)
    ask(conn, first)
    decide(conn, decided(first, at=NOON))
    ask(conn, again)
    decide(conn, decided(again, at=NOON + HOUR))
    assert record_outcomes(conn, [executed(first)], NOON + HOUR, appended=[LATER]) == {}


def test_nor_does_a_renewal_make_one_true_that_was_told_before_the_first_approval(conn: Connection) -> None:
    first, again = asked(), asked(attempt=2)
    ask(conn, first)
    assert record_outcomes(conn, [executed(first)], NOON, appended=[NOON - SECOND]) == {}
    decide(conn, decided(first, at=NOON))
    ask(conn, again)
    decide(conn, decided(again, at=NOON + HOUR))
    assert [why for _, why in settle_waiting_outcomes(conn, LATER, HOUR).letters] == [EARLY]
    assert (states(conn), kept(conn)) == ({}, [])


def test_nor_does_it_where_the_broker_brings_it_after_the_renewal(conn: Connection) -> None:
    first, again = asked(), asked(attempt=2)
    for request, at in ((first, NOON), (again, NOON + HOUR)):
        ask(conn, request)
        decide(conn, decided(request, at=at))
    assert record_outcomes(conn, [executed(first)], LATER, appended=[NOON - SECOND]) == {0: EARLY}


@pytest.mark.parametrize("moment", [None, LATER], ids=["no moment of the broker's", "the decision's moment"])
def test_what_was_heard_before_the_approval_does_not_count_however_the_decision_is_dated(
    conn: Connection, moment: datetime | None
) -> None:
    """It is dated by whoever made it, and heard of later than a lie that was told after that."""
    request = asked()
    ask(conn, request)
    record_outcomes(conn, [executed(request)], LATER + SECOND, appended=[moment])
    decide(conn, decided(request, at=LATER), now=LATER + 2 * SECOND)
    assert (states(conn), kept(conn)) == ({}, [])
    assert given_up(conn, LATER + 2 * SECOND) == [executed(request)]


@pytest.mark.parametrize("approved_first", [True, False])
def test_an_attempt_that_was_never_cleared_has_no_outcome(conn: Connection, approved_first: bool) -> None:
    """The gatekeeper asked in its own words, as the second attempt: of the first nothing can have run."""
    request = asked(attempt=2)
    ask(conn, request)
    refused: list[str] = []
    for approves in (approved_first, not approved_first):
        if approves:
            decide(conn, decided(request, at=NOON))
        else:
            lie = msgspec.structs.replace(executed(request), attempt=1)
            refused += record_outcomes(conn, [lie], LATER, appended=[LATER]).values()
    refused += [why for _, why in settle_waiting_outcomes(conn, LATER, HOUR).letters]
    assert refused == ["attempt 1 at this plan was never cleared: attempt 2 was"]
    assert (states(conn), kept(conn)) == ({}, [])


def test_an_attempt_that_a_reviewer_edited_was_cleared_as_edited(conn: Connection) -> None:
    first, again = asked(), asked(attempt=2)
    for request in (first, again):
        ask(conn, request)
        decide(conn, decided(request, DecisionKind.EDIT, at=NOON, steps=STEPS[:1]))
    edited = verdict_of(conn, first)
    assert edited.digest == verdict_of(conn, again).digest != first.digest
    late = msgspec.structs.replace(
        executed(first), revision=edited.revision, digest=edited.digest, results=executed(first).results[:1]
    )
    assert record_outcomes(conn, [late], LATER, appended=[LATER]) == {}


def test_what_was_rejected_cannot_have_run(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, DecisionKind.REJECT))
    [why] = record_outcomes(conn, [executed(request)], NOON).values()
    assert "did not approve it" in why
    assert kept(conn) == []


@pytest.mark.parametrize("together", [False, True], ids=["in two batches", "in one batch"])
def test_a_rejection_says_nothing_of_another_plan_under_its_digest(conn: Connection, together: bool) -> None:
    """Whatever stands beside it: what nobody was asked about waits for its clearance, and is given up."""
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, DecisionKind.REJECT))
    told = [msgspec.structs.replace(executed(request), plan_id=plan_id("other")), executed(request)]
    batches = [told] if together else [[each] for each in told]
    assert [list(record_outcomes(conn, batch, NOON)) for batch in batches] == (
        [[1]] if together else [[], [0]]
    )
    assert given_up(conn, NOON + 2 * HOUR) == told[:1]


def test_who_is_at_another_plan_under_a_cleared_digest_is_refused(conn: Connection) -> None:
    clear(conn, cleared())
    begun = executed(cleared(), OutcomeStatus.BEGUN)
    assert record_outcomes(conn, [begun], NOON) == {}
    [why] = record_outcomes(conn, [msgspec.structs.replace(begun, plan_id=plan_id("other"))], NOON).values()
    assert why.startswith("its digest is that of plan")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"revision": 2}, "revision 1"),
        ({"plan_id": plan_id("other")}, "its digest is that of plan"),
        ({"attempt": 2}, "nobody asked for attempt 2"),
    ],
)
def test_an_outcome_that_is_not_of_what_was_cleared_is_refused(
    conn: Connection, changes: dict[str, Any], why: str
) -> None:
    plan = cleared()
    clear(conn, plan)
    [refusal] = record_outcomes(conn, [msgspec.structs.replace(executed(plan), **changes)], NOON).values()
    assert why in refusal
    assert kept(conn) == []


def test_results_of_steps_that_the_plan_has_not_or_has_once_are_refused(conn: Connection) -> None:
    plan, other = cleared(), cleared(steps=(*STEPS, Step(step_id="s3", action_type="email.send")))
    clear(conn, plan)
    twice = msgspec.structs.replace(executed(plan), results=executed(plan).results[:1] * 2)
    foreign = msgspec.structs.replace(executed(plan), results=executed(other).results)
    for record, why in ((twice, "two results of step 's1'"), (foreign, "'s3', which the plan has not")):
        assert why in record_outcomes(conn, [record], NOON)[0]


def test_of_a_run_nothing_counts_but_what_its_ledger_says(conn: Connection) -> None:
    plan = cleared(run=run())
    clear(conn, plan)
    forged = [executed(plan), msgspec.structs.replace(executed(plan), run=None)]
    for record in forged:
        assert "the run of this plan goes on" in record_outcomes(conn, [record], NOON)[0]
    conn.execute(update(runs).values(status="DONE"))
    for record in forged:
        assert "of step 's1'" in record_outcomes(conn, [record], NOON)[0]
    assert (states(conn), kept(conn)) == ({}, [])
    true = executed(plan, OutcomeStatus.NOT_RUN, SKIPPED)
    assert record_outcomes(conn, [true], NOON) == {}
    assert kept(conn) == [(1, "NOT_RUN")]


def test_of_what_a_service_claims_in_the_ledger_an_outcome_says_nothing_else(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    claim = claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "mailer", NOON)
    forged = told(plan, OK, OK)
    assert "still being done by" in record_outcomes(conn, [forged], NOON)[0]
    finish_effect(conn, claim, OK, NOON)
    assert "of step 's2'" in record_outcomes(conn, [forged], NOON)[0]
    assert (states(conn), said(conn, ApprovalRequested)) == ({"s1": "SUCCEEDED"}, [])
    assert record_outcomes(conn, [told(plan, OK, SKIPPED)], NOON) == {}
    assert len(said(conn, ApprovalRequested)) == 1


def test_two_outcomes_of_one_attempt_that_differ_are_a_doubt(conn: Connection) -> None:
    plan = cleared()
    clear(conn, plan)
    record_outcomes(conn, [told(plan, OK, SKIPPED)], NOON)
    assert record_outcomes(conn, [told(plan, OK, OK)], NOON) == {}
    assert states(conn) == {"s1": "SUCCEEDED", "s2": "IN_DOUBT"}
    [question] = said(conn, ApprovalRequested)
    assert (question.in_doubt.step_id, "SKIPPED, then" in question.in_doubt.known) == ("s2", True)
    assert kept(conn) == [(1, "FAILED")]


def test_what_succeeded_by_one_outcome_and_failed_by_another_is_a_doubt(conn: Connection) -> None:
    plan = cleared()
    clear(conn, plan)
    record_outcomes(conn, [told(plan, OK, OK)], NOON)
    assert record_outcomes(conn, [told(plan, OK, FAILED)], NOON) == {}
    assert states(conn) == {"s1": "SUCCEEDED", "s2": "IN_DOUBT"}
    assert [each.in_doubt.step_id for each in said(conn, ApprovalRequested) if each.in_doubt] == ["s2"]


def let_try_again(conn: Connection, plan: PlanCleared) -> None:
    """Its last step is in doubt, and a human says RETRY."""
    record_outcomes(conn, [told(plan, OK, StepStatus.IN_DOUBT)], NOON)
    [doubt] = [each for each in said(conn, ApprovalRequested) if each.in_doubt]
    ask(conn, doubt)
    decide(conn, decided(doubt, DecisionKind.RESOLVE, resolution=Resolution.RETRY))
    assert states(conn) == {"s1": "SUCCEEDED", "s2": "RETRY"}


def test_a_later_attempt_counts_where_a_human_let_it_be_tried_again(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    let_try_again(conn, plan)
    assert record_outcomes(conn, [told(plan, OK, OK, attempt=2)], LATER) == {}
    assert states(conn) == {"s1": "SUCCEEDED", "s2": "SUCCEEDED"}
    assert [each.attempt for each in said(conn, ApprovalRequested) if not each.in_doubt] == [1, 2]
    assert record_outcomes(conn, [told(plan, OK, OK, attempt=2)], LATER) == {}
    assert record_outcomes(conn, [told(plan, OK, FAILED, attempt=2)], LATER) == {}
    assert states(conn) == {"s1": "SUCCEEDED", "s2": "IN_DOUBT"}  # of two that differ neither is believed


@pytest.mark.parametrize("batches", [1, 2])
def test_an_attempt_after_that_nobody_asked_for(conn: Connection, batches: int) -> None:
    plan = cleared()
    clear(conn, plan)
    let_try_again(conn, plan)
    second, third = told(plan, OK, FAILED, attempt=2), told(plan, OK, OK, attempt=3)
    if batches == 1:
        assert record_outcomes(conn, [second, third], LATER) == {1: "nobody asked for attempt 3 at this plan"}
    else:
        assert record_outcomes(conn, [second], LATER) == {}
        assert record_outcomes(conn, [third], LATER) == {0: "nobody asked for attempt 3 at this plan"}
    assert (states(conn), kept(conn)) == (
        {"s1": "SUCCEEDED", "s2": "FAILED"},
        [(1, "FAILED"), (2, "FAILED")],
    )


@pytest.mark.parametrize("status", [OutcomeStatus.DONE, OutcomeStatus.FAILED, OutcomeStatus.BEGUN])
@pytest.mark.parametrize("known", [True, False], ids=["the first is known", "nothing is known"])
def test_nobody_makes_a_later_attempt_of_their_own(
    conn: Connection, status: OutcomeStatus, known: bool
) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    first = [told(plan, OK, FAILED)] if known else []
    lie = msgspec.structs.replace(executed(plan, status), attempt=2)
    refused = record_outcomes(conn, [*first, lie], NOON)
    assert refused == {len(first): "nobody asked for attempt 2 at this plan"}
    assert states(conn) == ({"s1": "SUCCEEDED", "s2": "FAILED"} if known else {})
    assert ask_for_outcomes(conn, NOON + HOUR, HOUR) == (0 if known else 1)


def test_what_was_not_allowed_and_so_not_run_has_not_run_after_all(conn: Connection) -> None:
    first, again = asked(), asked(attempt=2)
    ask(conn, first)
    decide(conn, decided(first))
    ask(conn, again)
    decide(conn, decided(again, DecisionKind.REJECT))
    not_run = executed(first, OutcomeStatus.NOT_RUN, SKIPPED)
    assert record_outcomes(conn, [msgspec.structs.replace(not_run, attempt=2)], LATER) == {}
    lie = told(first, OK, OK, attempt=2)
    assert record_outcomes(conn, [lie], LATER) == {0: "nobody asked for attempt 2 at this plan"}
    assert states(conn) == {}


def test_an_undo_goes_by_what_a_human_has_settled_since(conn: Connection) -> None:
    seen: list[PlanExecuted | None] = []

    def undo(request: ApprovalRequested, decision: DecisionMade, outcome: PlanExecuted | None) -> str:
        seen.append(outcome)
        return "it cannot be taken back"

    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    record_outcomes(conn, [told(plan, StepStatus.IN_DOUBT, OK)], NOON)
    questions = said(conn, ApprovalRequested)
    doubt = next(each for each in questions if each.in_doubt)
    after = next(each for each in questions if not each.in_doubt)
    ask(conn, doubt, after)
    decide(conn, decided(doubt, DecisionKind.RESOLVE, resolution=Resolution.HAPPENED))
    decide(conn, decided(after, DecisionKind.UNDO), undo=undo)
    assert seen[0] is not None
    assert [each.status for each in seen[0].results] == [OK, OK]


def test_what_was_never_cleared_is_given_up_after_a_while(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    nonsense = msgspec.structs.replace(executed(request), digest="f" * 64)
    not_run = executed(request, OutcomeStatus.NOT_RUN, SKIPPED)
    record_outcomes(conn, [nonsense, not_run], NOON)
    assert settle_waiting_outcomes(conn, NOON + HOUR / 2, HOUR).letters == []
    assert given_up(conn, NOON + HOUR) == [nonsense]
    assert settle_waiting_outcomes(conn, NOON + HOUR, HOUR).letters == []
    assert kept(conn) == [(1, "NOT_RUN")]


def test_what_was_due_long_before_the_last_look_is_not_looked_at_once_more(conn: Connection) -> None:
    """A look every second must not read a week of outcomes."""
    nonsense = msgspec.structs.replace(executed(asked()), digest="f" * 64)
    record_outcomes(conn, [nonsense], NOON)
    minute = timedelta(minutes=1)
    assert settle_waiting_outcomes(conn, NOON + 2 * HOUR, HOUR, NOON + HOUR + 11 * minute).letters == []
    assert given_up(conn, NOON + 2 * HOUR, NOON + HOUR + 9 * minute) == [nonsense]


def test_what_was_told_before_the_approval_is_given_up_at_once(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    record_outcomes(conn, [executed(request)], NOON)
    decide(conn, decided(request, at=LATER))
    assert given_up(conn, LATER) == [executed(request)]


def test_an_outcome_that_never_comes_is_asked_for_once(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    assert ask_for_outcomes(conn, LATER, HOUR) == 0
    assert [ask_for_outcomes(conn, NOON + HOUR, HOUR), ask_for_outcomes(conn, NOON + HOUR, HOUR)] == [1, 0]
    [after] = said(conn, ApprovalRequested)
    assert (after.timing, after.review.findings[0].check) == (Timing.AFTER, "outcome")
    record_outcomes(conn, [executed(plan)], NOON + HOUR)
    assert said(conn, ApprovalRequested) == [after]
    assert states(conn) == {"s1": "SUCCEEDED", "s2": "SUCCEEDED"}


def test_an_outcome_that_came_is_not_asked_for(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    record_outcomes(conn, [executed(plan)], LATER)
    assert ask_for_outcomes(conn, NOON + 9 * HOUR, HOUR) == 0


def test_nor_is_one_whose_service_says_that_it_is_at_it(conn: Connection) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    record_outcomes(conn, [executed(plan, OutcomeStatus.BEGUN, SKIPPED)], NOON + HOUR)
    assert ask_for_outcomes(conn, NOON + HOUR, HOUR) == 0
    assert ask_for_outcomes(conn, NOON + 2 * HOUR, HOUR) == 1
    [after] = said(conn, ApprovalRequested)
    assert "mailer began it" in after.review.findings[0].text


def test_two_attempts_in_one_batch_leave_what_two_batches_leave(conn: Connection) -> None:
    plan, again = asked(), asked(attempt=2)
    for question in (plan, again):
        ask(conn, question)
        decide(conn, decided(question, at=NOON))
    first = executed(plan, OutcomeStatus.FAILED, StepStatus.FAILED)
    second = msgspec.structs.replace(executed(plan), event_id=plan_id("again"), attempt=2)
    record_outcomes(conn, [first, second], NOON)
    assert set(conn.execute(select(effects.c.state)).scalars()) == {"SUCCEEDED"}
