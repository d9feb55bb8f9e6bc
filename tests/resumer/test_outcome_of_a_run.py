"""Whoever submitted a run learns how it ended: what was decided, each step's result, the graph's output."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gate_events.words import DecisionKind
from gate_store.run_ends import NoSuchRunError
from plangate import outcome
from producers.run_outcome import NotEndedError
from producers.store_watch import StoreWatch
from stream_apps.resumer.graphs import load_graphs
from tests.cli.commands import Shell
from tests.resumer.stage import Stage


async def test_it_is_waited_for_until_the_run_ends(stage: Stage) -> None:
    plan = await stage.submit()
    waiting = asyncio.create_task(outcome("t1", store_url=stage.url))
    stage.decide(plan)
    await stage.resume()
    ended = await waiting
    assert (ended.status, ended.decided, ended.decided_by, ended.plan_id) == (
        "DONE",
        "APPROVED",
        "ada",
        plan.plan_id,
    )
    assert ended.steps is not None
    assert [(each.step_id, each.state, each.result) for each in ended.steps] == [
        ("s1", "SUCCEEDED", "sent to ann"),
        ("s2", "SUCCEEDED", "sent to bob"),
    ]
    assert set(ended.output) == {"who", "verdict", "sent"}
    assert ended.output["sent"] == ["sent to ann", "sent to bob"]
    assert ended.unread == {}


async def test_a_rejected_run_is_done_and_says_that_it_was_rejected(stage: Stage) -> None:
    stage.decide(await stage.submit(), DecisionKind.REJECT, note="no")
    await stage.resume()
    ended = await outcome("t1", store_url=stage.url)
    assert (ended.status, ended.decided, ended.steps) == ("DONE", "REJECTED", [])


async def test_one_that_waits_for_a_human_has_not_ended(stage: Stage) -> None:
    await stage.submit()
    with pytest.raises(NotEndedError, match="it is PAUSED at plan"):
        await outcome("t1", store_url=stage.url, timeout_s=0.1)
    with pytest.raises(NoSuchRunError):
        await outcome("t2", store_url=stage.url)


async def test_a_store_that_stops_answering_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look, looks = StoreWatch._ask, count(1)
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def look_through_outage(watch: StoreWatch, ask: Any) -> Any:
        number = next(looks)
        if number in (2, 3):
            raise OperationalError("SELECT", {}, ConnectionRefusedError("nobody listens"))
        if number > 3:
            loop.call_soon_threadsafe(over.set)
        return look(watch, ask)

    monkeypatch.setattr(StoreWatch, "_ask", look_through_outage)
    plan = await stage.submit()
    waiting = asyncio.create_task(outcome("t1", store_url=stage.url))
    async with asyncio.timeout(60):
        await over.wait()
    stage.decide(plan)
    await stage.resume()
    assert (await waiting).status == "DONE"
    assert caplog.text.count("the store does not answer, and is waited for") == 1


async def test_a_store_that_never_answered_is_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("SELECT", {}, ConnectionRefusedError("nobody listens"))

    monkeypatch.setattr(StoreWatch, "_ask", refuse)
    with pytest.raises(OperationalError):
        await outcome("t1", store_url=stage.url)


async def test_a_state_of_classes_is_told_where_the_graph_is_given(stage: Stage) -> None:
    loaded = (await load_graphs(stage.project / "langgraph.json"))["typed"]
    from graph import Person  # type: ignore[import-not-found]  # noqa: PLC0415 - the project is on the path now

    stage.decide(await stage.submit("typed", people=[Person("ann")]))
    await stage.resume()
    assert (await outcome("t1", store_url=stage.url, graph=loaded.graph)).output
    ended = await outcome("t1", store_url=stage.url)
    assert (ended.status, ended.output) == ("DONE", None)
    assert "would come back from its checkpoint as a plain value" in ended.unread["output"]


async def test_the_command_tells_it_by_its_exit_code(stage: Stage, tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"PLANGATE_STORE_URL": stage.url})
    shell.write("catalogue.yaml", "version: 1\nactions: {email.send: {tier: IRREVERSIBLE, secret: [to]}}\n")
    plan = await stage.submit()
    assert shell.run("wait", "t1", "--timeout", "0").code == 3
    stage.decide(plan)
    await stage.resume()
    output = shell.run("wait", "t1", "--json").json["output"]
    assert output["sent"] == ["sent to ann", "sent to bob"]
    assert {step["arguments"]["to"] for step in output["verdict"]["steps"]} == {"•••"}
    stage.decide(await stage.submit(thread="t2"), DecisionKind.REJECT, note="no")
    await stage.resume(thread="t2")
    rejected = shell.run("wait", "t2")
    assert rejected.code == 4
    assert "run t2 of billing is DONE, REJECTED by ada" in rejected.out
    shell.run("wait", "t3").complains("there is no run t3")
