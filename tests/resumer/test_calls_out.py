"""Nothing that may still be under way is begun again: not retried, not given back, not probed away."""

import asyncio
import signal
from collections.abc import Callable

import pytest

from gate_events.records import ApprovalRequested
from gate_events.words import RequestKind
from stream_apps.resumer.calls import calls
from tests.resumer.process import resumer_process
from tests.resumer.stage import IDEMPOTENT, Stage, config, resumer
from tests.resumer.test_crashes import PLACE

Happened = Callable[[], list[str]]
OFTEN = 0.05
SOON = 0.2


@pytest.fixture(autouse=True)
def slow_and_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The effect takes a while, and its probe sees nothing of it before its end."""
    monkeypatch.setenv("SLOW_S", "1")
    monkeypatch.setenv("PROBE", "no")


async def approved(stage: Stage, graph: str, action: str, *who: str) -> None:
    stage.decide(await stage.submit(graph, who=list(who or ["ann"]), action=action))


async def returned() -> None:
    """No call of this process is out any more."""
    while calls.any():  # noqa: ASYNC110 - it is threads that return
        await asyncio.sleep(0.02)


def asked_about(stage: Stage) -> list[str]:
    asked = stage.said(ApprovalRequested)
    assert {request.kind for request in asked} <= {RequestKind.IN_DOUBT}
    return [request.in_doubt.step_id for request in asked]


@pytest.mark.usefixtures("overrun")
@pytest.mark.parametrize("graph", ["in_thread", "by_service"])
async def test_past_the_time_limit_a_probes_no_repeats_nothing(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await approved(stage, graph, "probed.send")
    async with resumer(config(stage.url, probe_again_s=OFTEN)):
        await stage.wait("IN_DOUBT")
        await stage.wait(lambda: "end ann" in happened())
    await returned()
    assert (happened(), asked_about(stage)) == (["begin ann", "end ann"], ["s1"])


@pytest.mark.usefixtures("overrun")
@pytest.mark.parametrize("graph", ["in_thread", "slow"])
async def test_past_the_time_limit_an_idempotent_call_is_waited_for(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await approved(stage, graph, IDEMPOTENT)
    await stage.resume()
    assert happened() == ["begin ann", "end ann"]


@pytest.mark.usefixtures("overrun")
@pytest.mark.parametrize("action", ["probed.send", IDEMPOTENT])
async def test_a_call_that_does_not_return_ends_in_a_question(
    stage: Stage, happened: Happened, action: str
) -> None:
    await approved(stage, "in_thread", action)
    await stage.resume("IN_DOUBT", drain_s=SOON)
    assert (happened(), asked_about(stage)) == (["begin ann"], ["s1"])
    await returned()


async def test_an_authors_own_time_limit_repeats_nothing(stage: Stage, happened: Happened) -> None:
    await approved(stage, "impatient", "probed.send")
    await stage.resume(lambda: stage.run().status in {"DONE", "FAILED", "IN_DOUBT"})
    await returned()
    assert happened().count("begin ann") == 1
    assert happened().count("end ann") == 1


async def test_a_worker_that_stops_during_a_call_asks_and_gives_nothing_back(
    stage: Stage, happened: Happened
) -> None:
    await approved(stage, "in_thread", "probed.send", "ann", "bob")
    async with resumer(config(stage.url, drain_s=0.1, instance=PLACE)):
        await stage.wait(lambda: "begin ann" in happened())
    assert (stage.run().status, asked_about(stage)) == ("IN_DOUBT", ["s1"])
    async with resumer(config(stage.url, probe_again_s=OFTEN)):
        await returned()
    assert (stage.run().status, happened()) == ("IN_DOUBT", ["begin ann", "end ann"])


async def test_a_worker_that_stops_keeps_an_idempotent_call_to_its_lease(
    stage: Stage, happened: Happened
) -> None:
    await approved(stage, "in_thread", IDEMPOTENT)
    async with resumer(config(stage.url, drain_s=0.1)):
        await stage.wait(lambda: "begin ann" in happened())
    assert (stage.run().status, calls.any()) == ("RUNNING", True)
    stage.change_run(status="READY", lease_until=None, worker=None, token=stage.run().token + 1)
    await stage.resume()
    assert happened() == ["begin ann", "end ann", "begin ann", "end ann"]


async def test_sigterm_during_a_long_effect_asks_a_human(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "30")
    await approved(stage, "in_thread", "probed.send")
    async with resumer_process(stage.url, drain_s=SOON) as process:
        await stage.wait(lambda: "begin ann" in happened())
        assert await process.end(signal.SIGTERM) == 0
    assert (stage.run().status, asked_about(stage)) == ("IN_DOUBT", ["s1"])
    await stage.resume(lambda: True, probe_again_s=OFTEN)
    assert (stage.run().status, happened()) == ("IN_DOUBT", ["begin ann"])


async def test_a_stop_of_one_worker_takes_nothing_from_its_namesake(stage: Stage, happened: Happened) -> None:
    await approved(stage, "in_thread", "email.send")
    async with resumer(config(stage.url, worker="w")):
        await stage.wait(lambda: "begin ann" in happened())
        async with resumer(config(stage.url, worker="w")):
            pass
        await stage.wait("DONE")
    assert happened() == ["begin ann", "end ann"]


async def test_a_probes_no_counts_once_its_claimant_is_known_to_have_ended(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "30")
    await approved(stage, "in_thread", "probed.send")
    async with resumer_process(stage.url, lease_s=0.5, instance=PLACE) as process:
        await stage.wait(lambda: "begin ann" in happened())
        await process.end(signal.SIGKILL)
    monkeypatch.setenv("SLOW_S", "0")
    await stage.resume("IN_DOUBT", lease_s=0.5)  # of another place: it cannot know
    assert "is not known to have ended" in stage.run().error
    await stage.resume(probe_again_s=OFTEN, instance=PLACE)
    assert happened() == ["begin ann", "begin ann", "end ann"]
