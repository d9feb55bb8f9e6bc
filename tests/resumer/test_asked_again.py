"""A plan that had begun when its approval went stale goes on for a while; then its rest is asked about."""

import signal
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_store.database import utc_now
from gate_store.dispositions import Fate
from gate_store.half_done import HALF_DONE
from gate_store.lost_claims import doubt_lost_claims
from gate_store.outcomes import record_outcomes
from gate_store.tables import clearances
from tests.resumer.process import resumer_process
from tests.resumer.stage import Stage, steps_of
from tests.resumer.test_crashes import LEASE_S
from tests.store.examples import asked, decided

Happened = Callable[[], list[str]]


async def half_done(
    stage: Stage, graph: str = "half", who: Sequence[str] = ("ann", "bob"), **env: str
) -> None:
    """A process gets on behind the gate, and dies."""
    stage.decide(await stage.submit(graph, who=list(who)))
    async with resumer_process(stage.url, {"SLOW_S": "60", **env}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: is_on_record(stage, graph))
        await process.end(signal.SIGKILL)


def is_on_record(stage: Stage, graph: str) -> bool:
    """What was done is in the store: the effect, or where there is none, the subgraph's progress."""
    if graph == "half":
        return [row.state for row in stage.effects()] == ["SUCCEEDED"]
    with stage.engine.begin() as conn:
        count = "SELECT count(*) FROM checkpoints WHERE metadata LIKE '%plangate_answer%'"
        if conn.dialect.name == "postgresql":
            count = count.replace("metadata", "metadata::text")
        else:
            count = count.replace("metadata", "CAST(metadata AS TEXT)")
        return bool(conn.exec_driver_sql(count.replace("%", "%%")).scalar_one())


def stale(stage: Stage, *, for_good: bool) -> None:
    """The approval is past its use-by, or past the time that a begun plan has beyond it, too."""
    now = utc_now()
    until = now + timedelta(seconds=-1 if for_good else 3600)
    past: dict[str, Any] = {"use_by": now - timedelta(minutes=1)}
    guard = "a_clearance_is_renewed_by_another_gate_alone"
    with stage.engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(f"ALTER TABLE clearances DISABLE TRIGGER {guard}")
        else:
            conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard}_on_update")
        conn.execute(update(clearances).values(begun_until=until, **past))
    stage.change_run(**past)


async def test_what_was_begun_in_time_goes_on_for_a_while(stage: Stage, happened: Happened) -> None:
    await half_done(stage)
    stale(stage, for_good=False)
    await stage.resume(lease_s=LEASE_S)
    assert (happened(), stage.said(ApprovalRequested)) == (["ann", "bob"], [])
    assert stage.outcome().status is OutcomeStatus.DONE


async def test_the_rest_of_a_plan_is_asked_about_again_and_goes_on(stage: Stage, happened: Happened) -> None:
    await half_done(stage)
    digest = stage.run().digest
    stale(stage, for_good=True)
    await stage.resume("PAUSED", lease_s=LEASE_S)
    (request,) = stage.said(ApprovalRequested)
    assert (request.attempt, request.digest) == (2, digest)
    stage.open(request)
    stage.say(decided(request, at=utc_now()))
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["ann", "bob"]
    assert stage.outcome().status is OutcomeStatus.DONE


async def test_a_plan_of_which_nothing_is_left_to_do_is_not_asked_about_again(
    stage: Stage, happened: Happened
) -> None:
    await half_done(stage, who=["ann"])
    stale(stage, for_good=True)
    await stage.resume(lease_s=LEASE_S)
    assert (happened(), stage.said(ApprovalRequested)) == (["ann"], [])
    assert stage.outcome().status is OutcomeStatus.DONE


async def test_a_rest_that_is_rejected_is_not_run(stage: Stage, happened: Happened) -> None:
    await half_done(stage)
    stale(stage, for_good=True)
    await stage.resume("PAUSED", lease_s=LEASE_S)
    (request,) = stage.said(ApprovalRequested)
    stage.open(request)
    stage.say(decided(request, DecisionKind.REJECT, note="no more", at=utc_now()))
    await stage.resume("FAILED", lease_s=LEASE_S)
    assert happened() == ["ann"]
    assert "had gone on with an earlier answer" in stage.run().error
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.FAILED
    assert [result.status for result in outcome.results] == [StepStatus.SUCCEEDED, StepStatus.SKIPPED]


@pytest.mark.parametrize("kind", [DecisionKind.EDIT, DecisionKind.RESPOND])
async def test_of_a_rest_nobody_says_what_its_graph_would_not_hear(
    stage: Stage, happened: Happened, kind: DecisionKind
) -> None:
    await half_done(stage)
    stale(stage, for_good=True)
    await stage.resume("PAUSED", lease_s=LEASE_S)
    (request,) = stage.said(ApprovalRequested)
    assert request.review.terms.allowed == (DecisionKind.APPROVE, DecisionKind.REJECT)
    assert request.review_digest == review_digest(request.review)
    stage.open(request)
    steps = request.steps[:1] if kind is DecisionKind.EDIT else None
    (refused,) = stage.say(decided(request, kind, steps=steps, at=utc_now()))
    assert refused.fate is Fate.REFUSED
    assert "approve the rest, or reject it and submit what you want instead" in refused.why
    stage.say(decided(request, at=utc_now()))
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["ann", "bob"]


async def test_what_is_said_of_a_rest_is_said_once(stage: Stage) -> None:
    await half_done(stage)
    for attempt in (2, 3):
        stale(stage, for_good=True)
        await stage.resume("PAUSED", lease_s=LEASE_S)
        request = stage.said(ApprovalRequested)[-1]
        assert (request.attempt, [each.check for each in request.review.findings]) == (attempt, [HALF_DONE])
        stage.open(request)
        stage.say(decided(request, at=utc_now()))


async def test_a_plan_that_nobody_began_may_be_edited_when_it_is_asked_again(
    stage: Stage, happened: Happened
) -> None:
    plan = await stage.submit()
    stage.decide(plan)
    stale(stage, for_good=True)
    await stage.resume("PAUSED")
    (request,) = stage.said(ApprovalRequested)
    stage.open(request)
    stage.say(decided(request, DecisionKind.EDIT, steps=steps_of(plan, "cy"), at=utc_now()))
    await stage.resume()
    assert happened() == ["cy"]


async def test_a_step_that_was_begun_before_its_rest_was_rejected_is_told_as_in_doubt_and_asked_about(
    stage: Stage, happened: Happened
) -> None:
    """Also of a plan that a reviewer edited: of the rejected revision the answer carries no steps."""
    plan = await stage.submit("slow", who=["ann", "bob"])
    edited = steps_of(plan, "cy", "dan")
    stage.decide(plan, DecisionKind.EDIT, steps=edited)
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: happened() == ["begin cy"])
        await process.end(signal.SIGKILL)
    digest = stage.run().digest
    stale(stage, for_good=True)
    now = utc_now()
    terms: Any = {"requested_at": now, "deadline": now + timedelta(hours=1)}
    again = asked(plan.plan_id, revision=2, steps=edited, run=plan.run, attempt=2, **terms)

    async def ask_again(*_: Any) -> ApprovalRequested:
        return again

    await stage.resume("PAUSED", lease_s=LEASE_S, ask_again=ask_again)
    stage.open(again)
    stage.say(decided(again, DecisionKind.REJECT, note="no more", at=utc_now()))
    await stage.resume("FAILED", lease_s=LEASE_S)
    outcome = stage.outcome()
    assert (outcome.digest, outcome.status) == (digest, OutcomeStatus.FAILED)
    assert [each.status for each in outcome.results] == [StepStatus.IN_DOUBT, StepStatus.SKIPPED]
    with stage.engine.begin() as conn:
        assert record_outcomes(conn, [outcome], utc_now()) == {}
        assert doubt_lost_claims(conn, utc_now()) == 1
    assert [row.state for row in stage.effects()] == ["IN_DOUBT"]
    assert happened() == ["begin cy"]


async def test_the_outcome_of_a_rejected_plan_whose_graph_fails_counts(stage: Stage) -> None:
    stage.decide(await stage.submit("unlucky"), DecisionKind.REJECT, note="no")
    await stage.resume("FAILED", attempts=1)
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.NOT_RUN
    with stage.engine.begin() as conn:
        assert record_outcomes(conn, [outcome], utc_now()) == {}


@pytest.mark.parametrize("graph", ["late_guarded", "nested_late_guarded"])
async def test_progress_behind_the_gate_counts_as_begun_also_in_a_subgraph(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await half_done(stage, graph)
    stale(stage, for_good=False)
    await stage.resume(lease_s=LEASE_S)
    assert (happened(), stage.said(ApprovalRequested)) == (["acts unguarded"], [])


@pytest.mark.parametrize("graph", ["late_guarded", "nested_late_guarded"])
async def test_a_graph_that_went_on_does_not_act_against_a_later_rejection(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await half_done(stage, graph)
    stale(stage, for_good=True)
    await stage.resume("PAUSED", lease_s=LEASE_S)
    (request,) = stage.said(ApprovalRequested)
    stage.open(request)
    stage.say(decided(request, DecisionKind.REJECT, note="no more", at=utc_now()))
    await stage.resume("FAILED", lease_s=LEASE_S)
    assert happened() == []
    assert stage.outcome().status is OutcomeStatus.FAILED
