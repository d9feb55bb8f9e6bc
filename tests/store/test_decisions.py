"""Decisions meet gates: the verdict, the clearance, the run's answer and the outbox in one transaction."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Connection, Table, event, func, select

from gate_events.digest import plan_digest, step_digest
from gate_events.ids import effect_key
from gate_events.pause import GateAnswer
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided, PlanProposed
from gate_events.values import Step
from gate_events.words import DecisionKind, GateState, Resolution
from gate_store.claims import Grant
from gate_store.clock import expiry
from gate_store.dispositions import Fate
from gate_store.ledger import claim_effect
from gate_store.tables import clearances, cleared_steps, decisions, effects, gates, runs
from tests.store.acting import ask, decide, fates, run_of, said, state_of, verdict_of
from tests.store.examples import (
    HOUR,
    NOON,
    STEPS,
    asked,
    asked_afterwards,
    asked_in_doubt,
    decided,
    plan_id,
    run,
)

EDITED = (Step(step_id="s1", action_type="email.send", arguments={"to": "c@example.org"}),)


def answer_of(conn: Connection) -> GateAnswer:
    return msgspec.convert(run_of(conn).answer, GateAnswer)


def count(conn: Connection, table: Table) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_an_approval_clears_the_plan_and_wakes_its_run(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    assert fates(decide(conn, decided(request, note="fine"))) == [Fate.DECIDED]

    verdict = verdict_of(conn, request)
    assert (verdict.state, verdict.execute, verdict.digest) == (GateState.APPROVED, True, request.digest)
    assert verdict.use_by == verdict.decided_at + HOUR
    assert said(conn, PlanDecided) == [verdict]
    clearance = conn.execute(select(clearances)).one()
    assert (clearance.digest, clearance.gate_id, clearance.use_by) == (
        request.digest,
        request.request_id,
        verdict.use_by,
    )
    steps = conn.execute(select(cleared_steps.c.step_id, cleared_steps.c.step_digest)).all()
    assert dict(tuple(row) for row in steps) == {s.step_id: step_digest(plan_id(), s) for s in STEPS}
    woken = run_of(conn)
    assert (woken.status, woken.digest, woken.use_by) == ("READY", request.digest, verdict.use_by)
    assert answer_of(conn).steps == STEPS


def test_no_use_by_where_the_terms_give_none(conn: Connection) -> None:
    request = asked(use_by_s=0)
    ask(conn, request)
    decide(conn, decided(request))
    assert verdict_of(conn, request).use_by is None


@pytest.mark.parametrize(
    ("kind", "by", "state"),
    [
        (DecisionKind.REJECT, "ada", GateState.REJECTED),
        (DecisionKind.RESPOND, "ada", GateState.RESPONDED),
        (DecisionKind.WITHDRAW, "billing-service", GateState.WITHDRAWN),
    ],
)
def test_a_no_clears_nothing_but_reaches_the_run(
    conn: Connection, kind: DecisionKind, by: str, state: GateState
) -> None:
    request = asked(run=run())
    ask(conn, request)
    decide(conn, decided(request, kind, by, note="not today"))
    assert count(conn, clearances) == 0
    assert (run_of(conn).status, run_of(conn).digest, run_of(conn).use_by) == ("READY", None, None)
    answer = answer_of(conn)
    assert (answer.state, answer.steps, answer.note) == (state, (), "not today")
    assert not verdict_of(conn, request).execute


def test_an_edit_makes_a_new_revision_with_a_new_digest(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    decide(conn, decided(request, DecisionKind.EDIT, steps=EDITED))
    verdict = verdict_of(conn, request)
    assert (verdict.revision, verdict.steps) == (2, EDITED)
    assert verdict.digest == plan_digest(plan_id(), 2, EDITED, request.run)
    assert run_of(conn).digest == verdict.digest
    cleared = conn.execute(select(clearances.c.digest)).scalars().all()
    assert cleared == [verdict.digest]


def test_an_edit_that_needs_a_stricter_gate_supersedes_this_one(conn: Connection) -> None:
    request = asked(run=run())
    stricter = asked(revision=2, steps=EDITED, run=run(), quorum=2)
    ask(conn, request)
    edit = decided(request, DecisionKind.EDIT, steps=EDITED)
    assert fates(decide(conn, edit, retier=lambda *_: stricter)) == [Fate.DECIDED]
    assert state_of(conn, request) == "SUPERSEDED"
    assert said(conn, ApprovalRequested) == [stricter]
    assert (count(conn, clearances), run_of(conn).status) == (0, "PAUSED")
    ask(conn, stricter)
    decide(conn, decided(stricter, by="bob"), decided(stricter, by="eve"))
    assert (run_of(conn).status, run_of(conn).digest) == ("READY", stricter.digest)


def test_an_edit_that_the_policy_refuses_changes_nothing(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    edit = decided(request, DecisionKind.EDIT, steps=EDITED)
    [refused] = decide(conn, edit, retier=lambda *_: "unknown action")
    assert refused.fate is Fate.REFUSED
    assert state_of(conn, request) == "PENDING"


def test_one_edit_cannot_stand_for_a_quorum(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    [refused] = decide(conn, decided(request, DecisionKind.EDIT, steps=EDITED))
    assert (refused.fate, state_of(conn, request)) == (Fate.REFUSED, "PENDING")


def test_an_edit_without_a_digest_is_refused(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    endless = (Step(step_id="s1", action_type="pay", arguments={"amount": 2**60}),)
    [refused] = decide(conn, decided(request, DecisionKind.EDIT, steps=endless))
    assert (refused.fate, state_of(conn, request)) == (Fate.REFUSED, "PENDING")
    assert "2^53" in refused.why


def test_a_request_whose_digest_is_not_of_its_steps_is_never_approved(conn: Connection) -> None:
    request = msgspec.structs.replace(asked(), steps=EDITED)
    ask(conn, request)
    [refused] = decide(conn, decided(request))
    assert (refused.fate, state_of(conn, request)) == (Fate.REFUSED, "PENDING")
    assert count(conn, clearances) == 0


def test_a_redelivered_decision_changes_nothing_and_gets_its_disposition(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    first = [replace(each, open_for=None) for each in decide(conn, decided(request))]  # it closes none again
    late = decide(conn, decided(request, DecisionKind.REJECT, "bob"))
    before = (conn.execute(select(gates)).all(), conn.execute(select(decisions)).all())
    assert decide(conn, decided(request)) == first
    assert decide(conn, decided(request, DecisionKind.REJECT, "bob"), decided(request)) == late + first
    assert (conn.execute(select(gates)).all(), conn.execute(select(decisions)).all()) == before


def test_a_decision_twice_in_one_batch_counts_once(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    assert fates(decide(conn, decided(request), decided(request))) == [Fate.COUNTED, Fate.COUNTED]
    assert state_of(conn, request) == "PENDING"
    assert count(conn, decisions) == 1


def test_a_batch_for_one_gate_goes_in_log_order(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    batch = (
        decided(request, by="billing-service"),
        decided(request, by="ada"),
        decided(request, by="ada", name="again"),
        decided(request, by="bob"),
        decided(request, DecisionKind.REJECT, "eve"),
    )
    expected = [Fate.REFUSED, Fate.COUNTED, Fate.REFUSED, Fate.DECIDED, Fate.LATE]
    assert fates(decide(conn, *batch)) == expected
    assert (state_of(conn, request), verdict_of(conn, request).decided_by) == ("APPROVED", "bob")


def test_voices_are_kept_between_batches(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    decide(conn, decided(request, by="ada"))
    assert fates(decide(conn, decided(request, by="ada", name="again"))) == [Fate.REFUSED]
    assert fates(decide(conn, decided(request, by="bob"))) == [Fate.DECIDED]


def test_a_decision_before_its_request_waits_for_it(conn: Connection) -> None:
    request = asked(run=run())
    early = decided(request, DecisionKind.REJECT, "bob"), decided(request)
    assert fates(decide(conn, *early)) == [Fate.WAITING, Fate.WAITING]
    assert fates(decide(conn, *early)) == [Fate.WAITING, Fate.WAITING]
    assert fates(ask(conn, request)) == [Fate.DECIDED, Fate.LATE]
    assert (state_of(conn, request), run_of(conn).status) == ("REJECTED", "READY")
    assert fates(decide(conn, *early)) == [Fate.DECIDED, Fate.LATE]


def test_a_decision_for_an_old_revision_changes_nothing(conn: Connection) -> None:
    old, new = asked(), asked(revision=2, steps=EDITED)
    ask(conn, old)
    ask(conn, new)
    [superseded] = said(conn, DecisionMade)
    decide(conn, superseded)
    [late] = decide(conn, decided(old))
    assert (late.fate, state_of(conn, old), state_of(conn, new)) == (Fate.LATE, "SUPERSEDED", "PENDING")
    assert "newer revision" in late.why
    aimed_wrong = decided(new, revision=1, digest=old.digest)
    [refused] = decide(conn, aimed_wrong)
    assert (refused.fate, state_of(conn, new)) == (Fate.REFUSED, "PENDING")


def test_a_superseded_gate_leaves_its_run_to_the_newer_one(conn: Connection) -> None:
    old = asked(run=run())
    new = asked(revision=2, steps=EDITED, run=run())
    ask(conn, old)
    ask(conn, new)
    decide(conn, *said(conn, DecisionMade))
    assert run_of(conn).status == "PAUSED"
    assert verdict_of(conn, old).state is GateState.SUPERSEDED


def test_a_run_at_another_pause_is_not_woken(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    conn.execute(runs.update().values(pause=run(checkpoint="c0")))
    decide(conn, decided(request))
    assert run_of(conn).status == "PAUSED"


def test_an_undo_proposes_the_compensating_plan(conn: Connection) -> None:
    request = asked_afterwards()
    ask(conn, request)
    decide(conn, decided(request, DecisionKind.UNDO))
    assert state_of(conn, request) == "REJECTED"
    assert len(said(conn, PlanProposed)) == 1
    assert not said(conn, PlanDecided)[0].execute
    assert count(conn, clearances) == 0


def test_a_confirmation_only_closes_the_review(conn: Connection) -> None:
    request = asked_afterwards(run=run())
    ask(conn, request)
    decide(conn, decided(request, DecisionKind.CONFIRM))
    assert (state_of(conn, request), count(conn, clearances), count(conn, runs)) == ("APPROVED", 0, 0)


@pytest.mark.parametrize(
    ("resolution", "state", "finished"),
    [
        (Resolution.HAPPENED, "SUCCEEDED", True),
        (Resolution.RETRY, "RETRY", False),
        (Resolution.ABANDON, "FAILED", True),
    ],
)
def test_a_resolution_settles_the_effect_and_frees_the_run(
    conn: Connection, resolution: Resolution, state: str, finished: bool
) -> None:
    plan = asked(run=run())
    ask(conn, plan)
    decide(conn, decided(plan))
    claim = claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "w", NOON)
    assert claim.grant is Grant.GO
    conn.execute(effects.update().values(state="IN_DOUBT", thread_id=run().thread_id))
    conn.execute(runs.update().values(status="IN_DOUBT"))
    doubt = asked_in_doubt(run=run())
    ask(conn, doubt)
    assert run_of(conn).status == "IN_DOUBT"
    decide(conn, decided(doubt, DecisionKind.RESOLVE, resolution=resolution, note="looked"))
    row = conn.execute(select(effects)).one()
    assert (row.effect_id, row.state, row.finished_at is not None) == (
        effect_key(plan.plan_id, "s1"),
        state,
        finished,
    )
    assert run_of(conn).status == "READY"


def test_an_answer_settles_no_doubt_of_a_service_that_waits_for_its_own_question(conn: Connection) -> None:
    plan = asked()
    ask(conn, plan)
    decide(conn, decided(plan))
    claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "w", NOON)
    conn.execute(effects.update().values(state="IN_DOUBT"))
    older = asked_in_doubt()
    ask(conn, older)
    decide(conn, decided(older, DecisionKind.RESOLVE, resolution=Resolution.RETRY, note="looked"))
    assert conn.execute(select(effects.c.state)).scalar_one() == "IN_DOUBT"


def test_a_doubt_that_nobody_answered_is_asked_again(conn: Connection) -> None:
    doubt = asked_in_doubt()
    ask(conn, doubt)
    decide(conn, expiry(doubt))
    [again] = said(conn, ApprovalRequested)
    assert (again.attempt, again.in_doubt, again.requested_at) == (2, doubt.in_doubt, NOON + HOUR)
    assert again.review.terms.deadline == NOON + 2 * HOUR
    assert again.request_id != doubt.request_id


def test_json_is_kept_to_the_letter(conn: Connection) -> None:
    arguments = {"ä€😀": [1.0, 1e-7, 9007199254740991, None, True, {"": '"\\\n\u2028'}], "big": "x" * 20_000}
    steps = (Step(step_id="s1", action_type="note", arguments=arguments),)
    request = asked(steps=steps)
    ask(conn, request)
    decide(conn, decided(request, note="tab\t and 'quotes' and %s :name"))
    verdict = verdict_of(conn, request)
    assert (verdict.steps, verdict.note) == (steps, "tab\t and 'quotes' and %s :name")
    assert said(conn, PlanDecided) == [verdict]


def test_a_large_batch_costs_a_handful_of_statements(conn: Connection) -> None:
    requests = [asked(plan_id(i), run=run(f"t{i}")) for i in range(500)]
    statements: list[str] = []
    event.listen(conn, "before_cursor_execute", lambda *args: statements.append(args[2]))
    ask(conn, *requests)
    assert len(statements) <= 12
    statements.clear()
    dispositions = decide(conn, *(decided(request) for request in requests))
    assert set(fates(dispositions)) == {Fate.DECIDED}
    assert len(statements) <= 15
    ready = conn.execute(select(func.count()).where(runs.c.status == "READY")).scalar_one()
    assert ready == 500


def test_later_attempts_renew_the_clearance(conn: Connection) -> None:
    first = asked(use_by_s=60)
    ask(conn, first)
    decide(conn, decided(first))
    again = asked(attempt=2, requested_at=NOON + HOUR, deadline=NOON + 2 * HOUR)
    ask(conn, again)
    decide(conn, decided(again, at=NOON + HOUR + timedelta(minutes=1)))
    clearance = conn.execute(select(clearances)).one()
    assert (clearance.gate_id, clearance.use_by) == (
        again.request_id,
        NOON + 2 * HOUR + timedelta(minutes=1),
    )


def test_an_edit_of_the_last_countable_revision_is_refused(conn: Connection) -> None:
    request = asked(revision=2**31 - 1)
    ask(conn, request)
    assert fates(decide(conn, decided(request, DecisionKind.EDIT, steps=EDITED))) == [Fate.REFUSED]
    assert state_of(conn, request) == "PENDING"
    assert said(conn, PlanDecided) == []


def test_a_use_by_beyond_the_calendar_is_the_calendars_end(conn: Connection) -> None:
    request = asked(use_by_s=2**31 - 1, deadline=datetime.max.replace(tzinfo=UTC))
    ask(conn, request)
    decide(conn, decided(request, at=datetime.max.replace(tzinfo=UTC)))
    assert verdict_of(conn, request).use_by == datetime.max.replace(tzinfo=UTC)
