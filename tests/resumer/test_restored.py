"""Runs whose store was restored from a backup: what they may have done since is probed, or asked about."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gate_events.records import ApprovalRequested, PlanExecuted, PlanProposed
from gate_events.words import DecisionKind, OutcomeStatus, Resolution
from gate_store.database import utc_now
from gate_store.restores import LostPlan
from gate_store.restoring import Lost, Since, note_lost
from tests.resumer.stage import IDEMPOTENT, Stage
from tests.store.examples import decided

Happened = Callable[[], list[str]]
LOST = "the store was restored from a backup of"


async def approved(stage: Stage, name: str, action: str = "email.send") -> PlanProposed:
    """A run whose plan was approved after the backup; it may have been carried out before the loss."""
    plan = await stage.submit(name, who=["ann", "bob"], action=action)
    with stage.engine.begin() as conn:
        lost = Lost(utc_now() - timedelta(hours=1), utc_now(), {IDEMPOTENT})
        note_lost(conn, lost, Since([LostPlan(plan.plan_id, "t1")]), utc_now())
    stage.decide(plan)
    return plan


def answer(stage: Stage, resolution: Resolution, number: int = -1) -> ApprovalRequested:
    request: ApprovalRequested = stage.said(ApprovalRequested)[number]
    stage.open(request)
    stage.say(decided(request, DecisionKind.RESOLVE, resolution=resolution, at=utc_now()))
    return request


async def test_each_step_is_asked_about_and_the_answers_go_on(stage: Stage, happened: Happened) -> None:
    await approved(stage, "slow")
    await stage.resume("IN_DOUBT")
    assert happened() == []
    first = answer(stage, Resolution.HAPPENED)
    assert first.in_doubt
    assert (first.in_doubt.step_id, first.in_doubt.known[: len(LOST)]) == ("s1", LOST)
    await stage.resume("IN_DOUBT")
    answer(stage, Resolution.RETRY)
    await stage.resume()
    assert happened() == ["begin bob", "end bob"]
    assert stage.outcome().status is OutcomeStatus.DONE


@pytest.mark.parametrize(("found", "done"), [("yes", []), ("no", ["ann", "bob"])])
async def test_a_probe_tells_and_nobody_is_asked(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch, found: str, done: list[str]
) -> None:
    """Whoever began it has ended: no worker was alive when the store was restored."""
    monkeypatch.setenv("PROBE", found)
    await approved(stage, "slow", "probed.send")
    await stage.resume()
    assert [line.removeprefix("end ") for line in happened() if line.startswith("end ")] == done
    assert stage.said(ApprovalRequested) == []


async def test_what_is_idempotent_is_simply_done(stage: Stage, happened: Happened) -> None:
    await approved(stage, "slow", IDEMPOTENT)
    await stage.resume()
    assert happened() == ["begin ann", "end ann", "begin bob", "end bob"]
    assert stage.said(ApprovalRequested) == []


@pytest.mark.parametrize("graph", ["slow_past_ledger", "static_past_ledger"])
@pytest.mark.parametrize(
    ("resolution", "status", "done"),
    [(Resolution.HAPPENED, "DONE", []), (Resolution.RETRY, "DONE", ["ann", "bob"])],
)
async def test_a_graph_that_acts_past_the_ledger_is_asked_about_as_a_whole(
    stage: Stage, happened: Happened, graph: str, resolution: Resolution, status: str, done: list[str]
) -> None:
    await approved(stage, graph)
    await stage.resume("IN_DOUBT")
    assert happened() == []
    (request,) = stage.said(ApprovalRequested)
    assert LOST in request.in_doubt.known
    answer(stage, resolution)
    await stage.resume(status)
    assert [line.removeprefix("end ") for line in happened() if line.startswith("end ")] == done


async def test_a_step_that_the_graph_leaves_out_this_time_is_asked_about_at_its_end(
    stage: Stage, happened: Happened
) -> None:
    await approved(stage, "idle_guarded")
    await stage.resume("IN_DOUBT")
    assert LOST in stage.run().error
    assert happened() == []
    for _ in range(2):
        answer(stage, Resolution.HAPPENED)
        await stage.resume(lambda: stage.run().status in ("IN_DOUBT", "DONE"))
    assert stage.run().status == "DONE"
    assert {each.status for each in stage.said(PlanExecuted)} == {OutcomeStatus.DONE}


async def test_a_rejected_plan_is_heard_by_its_graph_as_ever(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("slow", who=["ann"])
    with stage.engine.begin() as conn:
        lost = Lost(utc_now() - timedelta(hours=1), utc_now())
        note_lost(conn, lost, Since([LostPlan(plan.plan_id, "t1")]), utc_now())
    stage.decide(plan, DecisionKind.REJECT)
    await stage.resume()
    assert happened() == []


async def ready(stage: Stage, name: str, **changes: Any) -> PlanProposed:
    plan = await stage.submit(name, who=["ann", "bob"], **changes)
    stage.decide(plan)
    return plan


async def test_a_run_that_was_approved_at_the_backup_may_have_begun_since(
    stage: Stage, happened: Happened
) -> None:
    await ready(stage, "slow")
    with stage.engine.begin() as conn:
        noted = note_lost(conn, Lost(utc_now() - timedelta(hours=1), utc_now()), Since(), utc_now())
    assert noted.steps == 2
    await stage.resume("IN_DOUBT")
    assert happened() == []


def restored_again(stage: Stage, *answered: ApprovalRequested) -> None:
    """From a backup of just now; these questions were answered since."""
    since = Since(answered=[each.request_id for each in answered])
    with stage.engine.begin() as conn:
        note_lost(conn, Lost(utc_now(), utc_now()), since, utc_now())


@pytest.mark.parametrize("graph", ["slow", "slow_past_ledger"])
async def test_what_a_human_let_be_tried_again_before_the_backup_is_asked_about_once_more(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await approved(stage, graph)
    await stage.resume("IN_DOUBT")
    first = answer(stage, Resolution.RETRY)
    restored_again(stage)
    await stage.resume("IN_DOUBT")
    assert happened() == []
    second = answer(stage, Resolution.HAPPENED)
    assert second.request_id != first.request_id
    assert second.attempt > first.attempt > 1_000


@pytest.mark.parametrize("graph", ["slow", "slow_past_ledger"])
async def test_a_doubt_that_was_answered_since_the_backup_hears_that_answer_no_more(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await approved(stage, graph)
    await stage.resume("IN_DOUBT")
    first: ApprovalRequested = stage.said(ApprovalRequested)[-1]
    stage.open(first)
    restored_again(stage, first)
    stage.say(decided(first, DecisionKind.RESOLVE, resolution=Resolution.RETRY, at=utc_now()))
    assert stage.run().status == "IN_DOUBT"
    second = answer(stage, Resolution.HAPPENED)
    assert second.attempt > first.attempt
    await stage.resume(lambda: stage.run().status in ("IN_DOUBT", "DONE"))
    assert happened() == []
