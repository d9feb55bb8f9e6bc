"""A graph that acts past the ledger is cut off in it: a human is asked, nothing is begun again blindly."""

import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gate_events.digest import step_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanExecuted, PlanProposed
from gate_events.words import DecisionKind, OutcomeStatus, RequestKind, Resolution, StepStatus
from gate_store.database import utc_now
from gate_store.engine.port import FenceLostError, Intent
from gate_store.unguarded import CutOff, doubt_unguarded_plan
from stream_apps.resumer.claim_end import UNGUARDED
from stream_apps.resumer.graphs import load_graphs
from stream_apps.resumer.second_looks import SecondLooks
from tests.resumer.process import resumer_process
from tests.resumer.stage import PROJECT, Stage
from tests.resumer.test_crashes import LEASE_S, PLACE
from tests.store.examples import decided

Happened = Callable[[], list[str]]
PAST_LEDGER = "slow_past_ledger"
ONCE = ["begin ann", "end ann", "begin bob", "end bob"]


async def killed(stage: Stage, happened: Happened, graph: str = PAST_LEDGER, **terms: Any) -> None:
    """A process resumes a run, and dies in the middle of the plan."""
    action = terms.pop("action", "email.send")
    stage.decide(await stage.submit(graph, who=["ann", "bob"], action=action), **terms)
    before = len(happened())
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S, instance=PLACE) as process:
        await stage.wait(lambda: len(happened()) > before)
        assert await process.end(signal.SIGKILL) == -signal.SIGKILL


async def in_doubt(stage: Stage, **changes: Any) -> ApprovalRequested:
    """What is asked once another worker has the run."""
    await stage.resume("IN_DOUBT", lease_s=LEASE_S, instance=PLACE, **changes)
    request: ApprovalRequested = stage.said(ApprovalRequested)[-1]
    return request


def answer(stage: Stage, request: ApprovalRequested, resolution: Resolution) -> None:
    stage.open(request)
    stage.say(decided(request, DecisionKind.RESOLVE, resolution=resolution, at=utc_now()))


def states(stage: Stage) -> list[str]:
    return [effect.state for effect in stage.effects()]


@pytest.mark.parametrize("graph", [PAST_LEDGER, "static_past_ledger"])
async def test_killed_in_a_graph_that_acts_past_the_ledger_a_human_is_asked_once(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await killed(stage, happened, graph)
    await in_doubt(stage)
    stage.decide(await stage.submit("billing", "another", who=["cid"]))
    await stage.resume(thread="another", lease_s=LEASE_S)
    assert (stage.run().status, happened()) == ("IN_DOUBT", ["begin ann", "cid"])
    asked = [effect for effect in stage.effects() if effect.thread_id == "t1"]
    assert [effect.state for effect in asked] == ["IN_DOUBT", "IN_DOUBT"]
    (request,) = stage.said(ApprovalRequested)
    assert {effect.doubt_id for effect in asked} == {request.request_id}
    assert (request.kind, request.in_doubt.step_id) == (RequestKind.IN_DOUBT, "s1")
    assert request.review.terms.allowed == (DecisionKind.RESOLVE,)
    assert {each.run.thread_id for each in stage.said(PlanExecuted)} == {"another"}
    assert stage.run().error == request.in_doubt.known


async def test_the_question_says_that_nobody_knows_which_steps_happened_and_what_each_answer_does(
    stage: Stage, happened: Happened
) -> None:
    await killed(stage, happened)
    request = await in_doubt(stage)
    (group,) = request.review.groups
    assert group.step_ids == ("s1", "s2")
    assert "The steps of this plan (2) may or may not have happened" in group.text
    assert (
        "carries out its actions without the ledger, so nobody knows which of the plan's steps" in group.text
    )
    for said in (
        "HAPPENED: all of the plan counts",
        "RETRY: the graph goes on",
        "ABANDON: all of the plan counts",
    ):
        assert said in group.text


@pytest.mark.parametrize(
    ("resolution", "state", "status", "step"),
    [
        (Resolution.HAPPENED, "DONE", OutcomeStatus.DONE, StepStatus.SUCCEEDED),
        (Resolution.ABANDON, "FAILED", OutcomeStatus.FAILED, StepStatus.FAILED),
    ],
)
async def test_what_a_human_says_of_the_whole_plan_ends_the_run_and_runs_nothing(
    stage: Stage,
    happened: Happened,
    resolution: Resolution,
    state: str,
    status: OutcomeStatus,
    step: StepStatus,
) -> None:
    await killed(stage, happened)
    answer(stage, await in_doubt(stage), resolution)
    await stage.resume(state, lease_s=LEASE_S)
    assert happened() == ["begin ann"]
    outcome = stage.outcome()
    assert outcome.status is status
    assert [each.status for each in outcome.results] == [step, step]
    assert all("resolved the doubt" in each.detail for each in outcome.results)


async def test_retry_resumes_the_graph_once_more(stage: Stage, happened: Happened) -> None:
    await killed(stage, happened)
    answer(stage, await in_doubt(stage), Resolution.RETRY)
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["begin ann", *ONCE]
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.FAILED
    assert {(each.status, each.detail) for each in outcome.results} == {(StepStatus.SKIPPED, UNGUARDED)}


async def test_each_time_its_worker_dies_another_question_is_asked(stage: Stage, happened: Happened) -> None:
    await killed(stage, happened)
    answer(stage, await in_doubt(stage), Resolution.RETRY)
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as second:
        await stage.wait(lambda: happened() == ["begin ann"] * 2)
        await second.end(signal.SIGKILL)
    newer = await in_doubt(stage)
    assert [each.attempt for each in stage.said(ApprovalRequested)] == [1, 2]
    assert states(stage) == ["IN_DOUBT", "IN_DOUBT"]
    answer(stage, newer, Resolution.HAPPENED)
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["begin ann"] * 2
    assert stage.outcome().status is OutcomeStatus.DONE


async def test_a_graph_that_declares_its_effects_is_resumed(stage: Stage, happened: Happened) -> None:
    """Its author says that nothing of the plan happens but through the ledger: so nothing of it has."""
    await killed(stage, happened, f"{PAST_LEDGER}_guarded")
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["begin ann", *ONCE]
    assert stage.said(ApprovalRequested) == []


async def test_a_run_whose_plan_came_to_the_ledger_is_resumed(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("half", who=["ann", "bob"]))
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: states(stage) == ["SUCCEEDED"])
        await process.end(signal.SIGKILL)
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["ann", "bob"]
    assert stage.said(ApprovalRequested) == []


async def test_the_order_of_the_steps_holds_after_retry(stage: Stage, happened: Happened) -> None:
    """A graph that does use the ledger, and was killed before its first effect."""
    stage.decide(await stage.submit("backwards_later", who=["ann", "bob"]))
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: happened() == ["comes"])
        await process.end(signal.SIGKILL)
    answer(stage, await in_doubt(stage), Resolution.RETRY)
    await stage.resume("FAILED", lease_s=LEASE_S)
    assert "step s1 stands before it and has not begun" in stage.run().error
    assert happened() == ["comes", "comes"]


async def test_past_its_use_by_it_is_asked_about_before_it_could_be_approved_again(
    stage: Stage, happened: Happened
) -> None:
    await killed(stage, happened)
    past = utc_now() - timedelta(minutes=1)
    stage.change_run(use_by=past)
    assert (await in_doubt(stage)).kind is RequestKind.IN_DOUBT
    assert happened() == ["begin ann"]


async def test_a_graph_that_is_not_here_any_more_ends_in_doubt_too(stage: Stage, happened: Happened) -> None:
    await killed(stage, happened)
    stage.change_run(graph="gone")
    await in_doubt(stage)
    assert happened() == ["begin ann"]


@pytest.mark.parametrize("found", ["yes", "no"])
async def test_what_a_probe_knows_of_one_step_answers_no_question_about_all(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    monkeypatch.setenv("PROBE", found)
    await killed(stage, happened, action="probed.send")
    await in_doubt(stage)
    looks = SecondLooks(stage.engine, await load_graphs(PROJECT / "langgraph.json"), utc_now)
    assert await looks.look() == 0
    assert (stage.run().status, states(stage)) == ("IN_DOUBT", ["IN_DOUBT", "IN_DOUBT"])


async def test_a_worker_that_stops_in_the_middle_of_it_asks(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit(PAST_LEDGER, who=["ann"]))
    async with resumer_process(stage.url, {"SLOW_S": "60"}, drain_s=0.5) as process:
        await stage.wait(lambda: happened() == ["begin ann"])
        assert await process.end() == 0
    assert stage.run().status == "IN_DOUBT"
    (request,) = stage.said(ApprovalRequested)
    assert "the worker stopped while it was under way, and it may happen yet" in request.in_doubt.known
    answer(stage, request, Resolution.HAPPENED)
    await stage.resume()
    assert happened() == ["begin ann"]


async def test_past_its_time_limit_it_is_asked_about(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "30")
    stage.decide(await stage.submit(PAST_LEDGER, who=["ann"]))
    await stage.resume("IN_DOUBT", run_timeout_s=3.0)
    assert happened() == ["begin ann"]
    assert "it ran longer than 3 s" in stage.run().error


async def test_a_rejected_run_is_resumed_so_that_its_graph_hears_it(stage: Stage, happened: Happened) -> None:
    """Nothing was approved, so nothing of the plan can have happened under it."""
    stage.decide(await stage.submit("late", who=["ann"]), DecisionKind.REJECT, note="no")
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: stage.run().status == "RUNNING" and stage.run().head_id is not None)
        await process.end(signal.SIGKILL)
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["is told no"]
    assert stage.outcome().status is OutcomeStatus.NOT_RUN


async def test_who_lost_the_run_asks_nothing(stage: Stage) -> None:
    stage.decide(await stage.submit(PAST_LEDGER, who=["ann"]))
    run = stage.run()
    (step,) = stage.said(PlanProposed)[0].steps
    intent = Intent(effect_key(run.plan_id, "s1"), step, step_digest(run.plan_id, step), None)
    cut = CutOff("t1", run.token, "a worker", run.plan_id, run.digest, [intent], "it was cut off")
    with pytest.raises(FenceLostError), stage.engine.begin() as conn:
        doubt_unguarded_plan(conn, cut, utc_now())
    assert (stage.run(), stage.effects(), stage.said(ApprovalRequested)) == (run, [], [])
