"""A graph that acts past the ledger fails: it may have acted, so a human is asked before it is resumed."""

from datetime import datetime

import pytest

from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store.engine.port import ClaimedRun
from stream_apps.resumer.claim_end import ACTS_UNGUARDED, UNGUARDED
from tests.resumer.stage import Stage
from tests.resumer.test_unguarded import Happened, answer, states

SHAKY = "shaky_past_ledger"


async def test_a_node_that_raises_may_have_acted_and_is_asked_about(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit(SHAKY))
    await stage.resume("IN_DOUBT", attempts=3)
    assert happened() == ["begin ann"]
    assert states(stage) == ["IN_DOUBT", "IN_DOUBT"]
    (request,) = stage.said(ApprovalRequested)
    known = "the graph was resumed, then it failed: ConnectionError: the mail server hung up"
    assert request.in_doubt.known == f"{known}; {ACTS_UNGUARDED}"
    assert stage.said(PlanExecuted) == []


@pytest.mark.parametrize(
    ("resolution", "state", "more"),
    [
        (Resolution.HAPPENED, "DONE", 0),
        (Resolution.ABANDON, "FAILED", 0),
        (Resolution.RETRY, "DONE", 1),
    ],
)
async def test_after_it_raised_only_a_human_lets_it_go_on(
    stage: Stage, happened: Happened, resolution: Resolution, state: str, more: int
) -> None:
    stage.decide(await stage.submit(SHAKY))
    await stage.resume("IN_DOUBT")
    answer(stage, stage.said(ApprovalRequested)[-1], resolution)
    await stage.resume(state)
    assert happened() == ["begin ann"] * (1 + more)


async def test_it_is_asked_about_each_time_it_raises(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILURES", "2")
    stage.decide(await stage.submit(SHAKY))
    for attempt in (1, 2):
        await stage.resume("IN_DOUBT")
        assert happened() == ["begin ann"] * attempt
        newest = stage.said(ApprovalRequested)[-1]
        assert newest.attempt == attempt
        answer(stage, newest, Resolution.RETRY)
    await stage.resume()
    assert happened() == ["begin ann"] * 3


async def test_a_graph_that_declares_its_effects_and_raises_is_tried_again(
    stage: Stage, happened: Happened
) -> None:
    stage.decide(await stage.submit(f"{SHAKY}_guarded"))
    await stage.resume()
    assert happened() == ["begin ann", "begin ann"]
    assert stage.said(ApprovalRequested) == []


async def test_a_rejected_run_that_raises_is_tried_again(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit(SHAKY), DecisionKind.REJECT, note="no")
    await stage.resume()
    assert happened() == ["begin no", "begin no"]
    assert stage.outcome().status is OutcomeStatus.NOT_RUN


async def test_what_fails_before_the_graph_is_resumed_is_tried_again(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILURES", "0")
    failures = [ConnectionError("the catalogue is away")]

    async def unmet(_run: ClaimedRun, _now: datetime) -> None:
        if failures:
            raise failures.pop()

    stage.decide(await stage.submit(SHAKY))
    await stage.resume(unmet=unmet)
    assert (failures, happened()) == ([], ["begin ann"])
    assert stage.said(ApprovalRequested) == []


async def test_a_graph_that_stops_where_nobody_hears_it_is_told_as_unguarded(stage: Stage) -> None:
    stage.decide(await stage.submit("strange_past_ledger"))
    await stage.resume("FAILED")
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.FAILED
    assert {(each.status, each.detail) for each in outcome.results} == {(StepStatus.SKIPPED, UNGUARDED)}


async def test_a_graph_that_is_gone_when_a_human_lets_it_go_on_may_have_acted_before(stage: Stage) -> None:
    stage.decide(await stage.submit(SHAKY))
    await stage.resume("IN_DOUBT")
    answer(stage, stage.said(ApprovalRequested)[-1], Resolution.RETRY)
    stage.change_run(graph="gone")
    await stage.resume("STALE")
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.FAILED
    assert {each.detail for each in outcome.results} == {UNGUARDED}
