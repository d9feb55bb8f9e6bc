"""Kill -9, lost leases and redeliveries: an effect happens once, or a human is asked."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, RequestKind, Resolution, StepStatus
from gate_store.database import utc_now
from tests.resumer.process import resumer_process
from tests.resumer.stage import IDEMPOTENT, Stage, config, resumer, steps_of
from tests.store.examples import decided

Happened = Callable[[], list[str]]
LEASE_S = 1.0
PLACE = "a machine's first resumer"  # a new start there proves that the one before has ended


async def killed_in_the_middle(stage: Stage, happened: Happened, action: str, graph: str = "slow") -> None:
    """A process begins the first effect of a plan, and dies in it."""
    stage.decide(await stage.submit(graph, who=["ann", "bob"], action=action))
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S, instance=PLACE) as process:
        await stage.wait(lambda: "begin ann" in happened())
        assert await process.end(signal.SIGKILL) == -signal.SIGKILL


async def test_a_run_paused_in_one_process_resumes_in_another(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit())
    async with resumer_process(stage.url) as process:
        await stage.wait("DONE")
        assert await process.end() == 0
    assert happened() == ["ann", "bob"]


async def test_a_run_made_ready_twice_acts_once(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit())
    answer = stage.run().answer
    await stage.resume()
    stage.change_run(status="READY", answer=answer)
    await stage.resume()
    assert happened() == ["ann", "bob"]
    assert len(stage.said(PlanExecuted)) == 1


async def test_killed_inside_an_effect_a_human_is_asked(stage: Stage, happened: Happened) -> None:
    await killed_in_the_middle(stage, happened, "email.send")
    await stage.resume("IN_DOUBT", lease_s=LEASE_S)
    assert happened() == ["begin ann"]
    (request,) = stage.said(ApprovalRequested)
    assert request.kind is RequestKind.IN_DOUBT
    assert request.in_doubt.step_id == "s1"
    assert [effect.state for effect in stage.effects()] == ["IN_DOUBT"]
    assert stage.said(PlanExecuted) == []


@pytest.mark.parametrize(
    ("resolution", "after", "state", "status"),
    [
        (Resolution.HAPPENED, ["begin bob", "end bob"], "DONE", OutcomeStatus.DONE),
        (Resolution.RETRY, ["begin ann", "end ann", "begin bob", "end bob"], "DONE", OutcomeStatus.DONE),
        (Resolution.ABANDON, [], "FAILED", OutcomeStatus.FAILED),
    ],
)
async def test_the_human_word_on_a_doubt_is_what_happens(
    stage: Stage,
    happened: Happened,
    resolution: Resolution,
    after: list[str],
    state: str,
    status: OutcomeStatus,
) -> None:
    await killed_in_the_middle(stage, happened, "email.send")
    await stage.resume("IN_DOUBT", lease_s=LEASE_S)
    (request,) = stage.said(ApprovalRequested)
    stage.open(request)
    stage.say(decided(request, DecisionKind.RESOLVE, resolution=resolution, at=utc_now()))
    await stage.resume(state, lease_s=LEASE_S)
    assert happened() == ["begin ann", *after]
    assert stage.outcome().status is status


async def test_a_node_that_swallows_the_doubt_does_not_get_past_it(stage: Stage, happened: Happened) -> None:
    await killed_in_the_middle(stage, happened, "email.send", "swallowing")
    await stage.resume("IN_DOUBT", lease_s=LEASE_S)
    assert happened() == ["begin ann", "InDoubtError", "InDoubtError"]


async def test_a_run_that_ends_without_its_begun_effect_is_in_doubt_first(
    stage: Stage, happened: Happened
) -> None:
    """The second attempt takes a way on which the effect of the first does not come up."""
    stage.decide(await stage.submit("forgetful", who=["ann"]))
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: happened() == ["ann"])
        await process.end(signal.SIGKILL)
    await stage.resume("IN_DOUBT", lease_s=LEASE_S)
    (request,) = stage.said(ApprovalRequested)
    stage.open(request)
    stage.say(decided(request, DecisionKind.RESOLVE, resolution=Resolution.HAPPENED, at=utc_now()))
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["ann"]
    assert stage.outcome().results[0].status is StepStatus.SUCCEEDED


@pytest.mark.parametrize(("graph", "state"), [("unstorable_guarded", "FAILED"), ("unstorable", "IN_DOUBT")])
async def test_a_state_that_cannot_be_stored_ends_its_run_with_the_reason(
    stage: Stage, graph: str, state: str
) -> None:
    stage.decide(await stage.submit(graph))
    await stage.resume(state)
    assert "its state cannot be stored" in stage.run().error


@pytest.mark.usefixtures("overrun")
async def test_a_plain_node_past_its_time_gets_no_further_effect(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "1")
    stage.decide(await stage.submit("forgetful", who=["ann", "bob"]))
    await stage.resume("IN_DOUBT")
    await asyncio.sleep(1.5)  # its thread wakes up meanwhile, and goes on to bob
    assert happened() == ["ann"]


@pytest.mark.usefixtures("overrun")
async def test_each_doubt_about_an_effect_is_a_question_of_its_own(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "30")
    stage.decide(await stage.submit("slow", who=["ann"]))
    for doubt in (1, 2):
        await stage.resume("IN_DOUBT", attempts=1)
        requests = stage.said(ApprovalRequested)
        assert [request.attempt for request in requests] == list(range(1, doubt + 1))
        stage.open(requests[-1])
        stage.say(decided(requests[-1], DecisionKind.RESOLVE, resolution=Resolution.RETRY, at=utc_now()))
    monkeypatch.setenv("SLOW_S", "0")
    await stage.resume()
    assert happened() == ["begin ann"] * 3 + ["end ann"]


async def test_an_idempotent_effect_is_repeated_with_the_same_key(stage: Stage, happened: Happened) -> None:
    await killed_in_the_middle(stage, happened, IDEMPOTENT)
    before = [(effect.effect_id, effect.attempts) for effect in stage.effects()]
    await stage.resume(lease_s=LEASE_S)
    assert happened() == ["begin ann", "begin ann", "end ann", "begin bob", "end bob"]
    key = effect_key(stage.run().plan_id, "s1")
    assert before == [(key, 1)]
    assert (stage.effects()[0].effect_id, stage.effects()[0].attempts) == (key, 2)


@pytest.mark.parametrize(
    ("found", "after", "state"),
    [
        ("yes", ["begin bob", "end bob"], "DONE"),
        ("no", ["begin ann", "end ann", "begin bob", "end bob"], "DONE"),
        ("who knows", [], "IN_DOUBT"),
    ],
)
async def test_a_probe_tells_whether_it_happened(
    stage: Stage,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    found: str,
    after: list[str],
    state: str,
) -> None:
    monkeypatch.setenv("PROBE", found)
    await killed_in_the_middle(stage, happened, "probed.send")
    await stage.resume(state, lease_s=LEASE_S, instance=PLACE)
    assert happened() == ["begin ann", *after]


async def test_a_zombie_writes_nothing(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("slow", who=["ann", "bob"], action=IDEMPOTENT))
    async with resumer_process(stage.url, {"SLOW_S": "2"}, lease_s=LEASE_S) as zombie:
        await stage.wait(lambda: "begin ann" in happened())
        zombie.send(signal.SIGSTOP)
        await stage.resume(lease_s=LEASE_S)
        done, head = stage.run(), (await stage.state("slow")).config
        zombie.send(signal.SIGCONT)
        await stage.wait(lambda: happened().count("end ann") == 2)
        await asyncio.sleep(0.5)  # it would begin with bob, were it not refused
        assert await zombie.end() == 0
    assert stage.run() == done
    assert (await stage.state("slow")).config == head
    assert happened().count("begin bob") == 1


async def test_a_run_that_its_own_worker_claims_again_keeps_the_claims_apart(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is taken away and comes back to the same process, while the old claim's node still works."""
    monkeypatch.setenv("SLOW_S", "1")
    stage.decide(await stage.submit("slow", who=["ann", "bob"], action=IDEMPOTENT))
    async with resumer(config(stage.url, lease_s=30.0)):
        await stage.wait(lambda: "begin ann" in happened())
        stage.change_run(status="READY", lease_until=None, worker=None, token=stage.run().token + 1)
        await stage.wait("DONE")
    assert Counter(happened()) == Counter({"begin ann": 2, "end ann": 2, "begin bob": 1, "end bob": 1})
    assert stage.effects()[0].attempts == 2


async def test_a_worker_that_stops_lets_its_runs_finish(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("slow", who=["ann"]))
    async with resumer_process(stage.url, {"SLOW_S": "1"}) as process:
        await stage.wait(lambda: "begin ann" in happened())
        assert await process.end() == 0
    assert stage.run().status == "DONE"


@pytest.mark.slow
async def test_a_full_worker_that_stops_claims_no_more(stage: Stage, happened: Happened) -> None:
    for thread in ("t1", "t2"):
        stage.decide(await stage.submit("slow", thread, who=["ann"]))
    async with resumer_process(stage.url, {"SLOW_S": "1"}, in_flight=1) as process:
        await stage.wait(lambda: "begin ann" in happened())
        assert await process.end() == 0
    assert happened() == ["begin ann", "end ann"]
    assert {stage.run("t1").status, stage.run("t2").status} == {"DONE", "READY"}


async def test_a_worker_that_stops_gives_a_long_run_back_before_its_next_effect(
    stage: Stage, happened: Happened
) -> None:
    stage.decide(await stage.submit("slow", who=["ann", "bob"]))
    async with resumer_process(stage.url, {"SLOW_S": "2"}, drain_s=1.5) as process:
        await stage.wait(lambda: "begin ann" in happened())
        assert await process.end() == 0
    assert (stage.run().status, happened()) == ("READY", ["begin ann", "end ann"])
    await stage.resume()
    assert happened() == ["begin ann", "end ann", "begin bob", "end bob"]


async def test_a_stale_approval_is_asked_again(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit(), use_by_s=1, at=utc_now() - timedelta(seconds=2))
    await stage.resume("PAUSED")
    assert happened() == []
    (request,) = stage.said(ApprovalRequested)
    assert (request.attempt, request.plan_id) == (2, stage.run().plan_id)
    stage.open(request)
    stage.say(decided(request, at=utc_now()))
    await stage.resume()
    assert happened() == ["ann", "bob"]


@pytest.mark.parametrize("graph", ["billing", "blocking", "nested", "sneaky", "static"])
async def test_an_approval_that_goes_stale_between_claim_and_effect_is_asked_again(
    stage: Stage, happened: Happened, graph: str
) -> None:
    """The worker's clock is behind: only the store notices, at the first effect."""
    stage.decide(await stage.submit(graph), use_by_s=1, at=utc_now() - timedelta(seconds=2))
    await stage.resume("PAUSED", clock=lambda: utc_now() - timedelta(minutes=1))
    assert happened() == []
    (request,) = stage.said(ApprovalRequested)
    stage.open(request)
    in_time = utc_now() + timedelta(minutes=1)  # as good a verdict as one that is acted upon at once
    stage.say(decided(request, DecisionKind.EDIT, steps=steps_of(request, "cid"), at=in_time))
    await stage.resume()
    refused = graph == "sneaky"  # that one does only what it planned itself
    assert happened() == ([] if refused else ["cid"])
    assert stage.outcome().status is (OutcomeStatus.NOT_RUN if refused else OutcomeStatus.DONE)


async def test_an_approval_that_would_be_stale_at_the_next_attempt_is_asked_again(
    stage: Stage, happened: Happened
) -> None:
    stage.decide(await stage.submit("unlucky"), use_by_s=60)
    await stage.resume("PAUSED", backoff_s=3600)
    (request,) = stage.said(ApprovalRequested)
    assert (request.attempt, request.plan_id) == (2, stage.run().plan_id)
    stage.open(request)
    stage.say(decided(request, at=utc_now()))
    await stage.resume()
    assert happened() == ["tried", "ann", "bob"]


async def test_a_thread_that_moved_on_is_stale(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit())
    await stage.answer_behind_its_back()
    await stage.resume("STALE")
    assert happened() == []
    assert "submit the input again" in stage.run().error
    assert stage.outcome().status is OutcomeStatus.NOT_RUN


async def test_steps_that_were_swapped_in_the_store_are_not_run(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit())
    answer = stage.run().answer
    answer["steps"][0]["arguments"] = {"to": "mallory"}
    stage.change_run(answer=answer)
    await stage.resume("FAILED")
    assert happened() == []
    assert "digest" in stage.run().error


async def test_a_failure_of_an_idempotent_effect_is_tried_again(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("shaky", who=["ann"], action=IDEMPOTENT))
    await stage.resume()
    assert happened() == ["ann", "ann"]


async def test_a_failed_effect_is_not_repeated_blindly(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("shaky", who=["ann"]))
    await stage.resume("FAILED")
    assert happened() == ["ann"]
    assert stage.run().error == "ConnectionError: the mail server hung up"
    assert stage.outcome().status is OutcomeStatus.FAILED


async def test_a_run_that_always_fails_ends_failed_after_its_attempts(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILURES", "9")
    stage.decide(await stage.submit("shaky", who=["ann"], action=IDEMPOTENT))
    await stage.resume("FAILED", attempts=3)
    assert happened() == ["ann"] * 3
    assert stage.run().attempts == 3


@pytest.mark.usefixtures("overrun")
async def test_a_run_that_takes_too_long_in_an_effect_is_in_doubt(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "30")
    stage.decide(await stage.submit("slow", who=["ann"]))
    await stage.resume("IN_DOUBT")
    assert happened() == ["begin ann"]


async def test_a_run_is_claimed_by_one_of_two_resumers(stage: Stage, happened: Happened) -> None:
    names = [f"t{number}" for number in range(20)]
    for name in names:
        stage.decide(await stage.submit("blocking", name, who=[name]))
    async with resumer(config(stage.url, worker="one")), resumer(config(stage.url, worker="two")):
        await stage.wait(lambda: all(stage.run(name).status == "DONE" for name in names), "t0")
    assert sorted(happened()) == sorted(names)
