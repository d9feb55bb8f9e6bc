"""A probe that could not tell at first: what it tells later settles the doubt, and closes the question."""

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, Resolution
from gate_store.database import utc_now
from gate_store.dispositions import Fate
from stream_apps.resumer import second_looks
from stream_apps.resumer.graphs import load_graphs
from stream_apps.resumer.second_looks import SecondLooks
from tests.resumer.process import resumer_process
from tests.resumer.stage import PROJECT, Stage
from tests.resumer.test_crashes import LEASE_S, PLACE, killed_in_the_middle
from tests.store.acting import decide, state_of
from tests.store.examples import decided

Happened = Callable[[], list[str]]
OFTEN = 0.05


async def in_doubt(stage: Stage, happened: Happened) -> ApprovalRequested:
    """The question about a step whose probe cannot tell yet."""
    await killed_in_the_middle(stage, happened, "probed.send")
    await stage.resume("IN_DOUBT", lease_s=LEASE_S)
    request: ApprovalRequested = stage.said(ApprovalRequested)[-1]
    return request


def state(stage: Stage, request: ApprovalRequested) -> str:
    with stage.engine.begin() as conn:
        return state_of(conn, request)


@pytest.mark.parametrize(("found", "after"), [("yes", []), ("no", ["begin ann", "end ann"])])
async def test_after_a_later_probe_the_run_goes_on_and_the_gatekeeper_ends_the_question(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch, found: str, after: list[str]
) -> None:
    request = await in_doubt(stage, happened)
    stage.open(request)
    monkeypatch.setenv("PROBE", found)
    await stage.resume(lease_s=LEASE_S, probe_again_s=OFTEN, instance=PLACE)
    assert happened() == ["begin ann", *after, "begin bob", "end bob"]
    assert stage.said(DecisionMade) == []
    stage.look_at_doubts()
    (said,) = stage.said(DecisionMade)
    assert (said.kind, said.decider) == (DecisionKind.SUPERSEDE, DeciderKind.GATE)
    assert said.note == "it is known by now what became of the step"
    assert said.request_id == request.request_id
    stage.say(said)
    assert state(stage, request) == "SUPERSEDED"


@pytest.mark.parametrize("found", ["yes", "no"])
async def test_a_question_that_comes_after_its_answer_is_closed(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    request = await in_doubt(stage, happened)
    monkeypatch.setenv("PROBE", found)
    await stage.resume(lease_s=LEASE_S, probe_again_s=OFTEN, instance=PLACE)
    assert stage.said(DecisionMade) == []
    stage.open(request)
    (said,) = stage.said(DecisionMade)
    stage.say(said)
    assert state(stage, request) == "SUPERSEDED"


async def test_the_human_word_stands_whatever_a_probe_finds_later(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await in_doubt(stage, happened)
    stage.open(request)
    stage.say(decided(request, DecisionKind.RESOLVE, resolution=Resolution.ABANDON, at=utc_now()))
    monkeypatch.setenv("PROBE", "yes")
    await stage.resume("FAILED", lease_s=LEASE_S, probe_again_s=OFTEN)
    assert happened() == ["begin ann"]
    assert stage.said(DecisionMade) == []
    assert state(stage, request) == "REJECTED"


async def test_a_human_word_after_the_probes_settles_nothing(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gatekeeper has not said so yet when the human speaks."""
    request = await in_doubt(stage, happened)
    stage.open(request)
    monkeypatch.setenv("PROBE", "yes")
    await stage.resume(lease_s=LEASE_S, probe_again_s=OFTEN)
    stage.say(decided(request, DecisionKind.RESOLVE, resolution=Resolution.RETRY, at=utc_now()))
    assert [effect.state for effect in stage.effects()] == ["SUCCEEDED", "SUCCEEDED"]
    assert stage.run().status == "DONE"


@pytest.mark.parametrize("found", ["who knows", "raises"])
async def test_a_probe_that_still_cannot_tell_changes_nothing_and_tells_no_secret(
    stage: Stage,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    found: str,
) -> None:
    caplog.set_level(logging.INFO, second_looks.log.name)
    request = await in_doubt(stage, happened)
    stage.open(request)
    before = stage.run(), stage.effects()
    monkeypatch.setenv("PROBE", found)
    looks = SecondLooks(stage.engine, await load_graphs(PROJECT / "langgraph.json"), utc_now)
    assert [await looks.look() for _ in range(3)] == [0, 0, 0]
    assert (stage.run(), stage.effects()) == before
    assert (state(stage, request), stage.said(DecisionMade)) == ("PENDING", [])
    told = [each for each in caplog.messages if "its probe failed" in each]
    assert bool(told) is (found == "raises")
    assert not any("the mail server" in each for each in told)  # it may quote an argument


async def test_a_probe_that_hangs_holds_up_nobody_for_long(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await in_doubt(stage, happened)
    stage.open(request)
    graphs = await load_graphs(PROJECT / "langgraph.json")

    async def hangs(_: Step) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(second_looks, "PROBE_S", 0.05)
    hanging = {"slow": replace(graphs["slow"], probes={"probed.send": hangs})}
    assert await SecondLooks(stage.engine, hanging, utc_now).look() == 0
    assert state(stage, request) == "PENDING"


async def test_the_question_says_who_began_when_and_what_each_answer_does(
    stage: Stage, happened: Happened
) -> None:
    text = (await in_doubt(stage, happened)).review.groups[0].text
    effect = stage.effects()[0]
    assert "Step s1 (probed.send) may or may not have happened: its probe could not tell" in text
    assert f"{effect.executor} began it at {effect.claimed_at:%Y-%m-%d %H:%M:%S} UTC" in text
    for answer in (
        "HAPPENED: it counts as done",
        "RETRY: it is done once more",
        "ABANDON: it counts as failed",
    ):
        assert answer in text


async def test_a_human_word_that_comes_after_the_gates_own_is_late(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await in_doubt(stage, happened)
    stage.open(request)
    monkeypatch.setenv("PROBE", "yes")
    await stage.resume(lease_s=LEASE_S, probe_again_s=OFTEN)
    stage.look_at_doubts()
    stage.say(stage.said(DecisionMade)[0])
    late = decided(request, DecisionKind.RESOLVE, resolution=Resolution.RETRY, at=utc_now())
    with stage.engine.begin() as conn:
        (fate,) = decide(conn, late)
    assert (fate.fate, fate.why) == (Fate.LATE, "it was known already what became of the step")


@pytest.mark.parametrize("resolution", [Resolution.RETRY, Resolution.HAPPENED, Resolution.ABANDON])
async def test_an_answer_to_an_older_doubt_settles_no_newer_one(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch, resolution: Resolution
) -> None:
    """A probe let the step be done once more, and its worker died in it; then the older answer arrives."""
    first = await in_doubt(stage, happened)
    env = {"SLOW_S": "60", "PROBE": "no"}
    often: dict[str, Any] = {"lease_s": LEASE_S, "probe_again_s": OFTEN}
    async with resumer_process(stage.url, env, instance=PLACE, **often) as second:
        await stage.wait(lambda: happened().count("begin ann") == 2)
        await second.end(signal.SIGKILL)
    monkeypatch.delenv("PROBE", raising=False)
    await stage.resume("IN_DOUBT", lease_s=LEASE_S)
    newer: ApprovalRequested = stage.said(ApprovalRequested)[-1]
    assert newer.request_id != first.request_id
    for request in (first, newer):
        stage.open(request)
    stage.say(decided(first, DecisionKind.RESOLVE, resolution=resolution, at=utc_now()))
    assert (stage.run().status, [effect.state for effect in stage.effects()]) == ("IN_DOUBT", ["IN_DOUBT"])
    stage.say(decided(newer, DecisionKind.RESOLVE, resolution=Resolution.HAPPENED, at=utc_now()))
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["begin ann", "begin ann", "begin bob", "end bob"]
