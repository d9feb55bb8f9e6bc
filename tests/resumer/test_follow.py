"""What nodes say behind the gate is followed to the end of the run, and holds up nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gate_store.engine.port import ClaimedRun
from gate_store.run_ends import NoSuchRunError
from gate_store.run_events import RunEvent
from plangate import follow
from plangate.cli import follow as command
from plangate.settings import Settings
from tests.claims.gate import asked
from tests.cli.commands import Shell
from tests.resumer.stage import Stage


async def all_of(stage: Stage, thread: str = "t1", behind: int = 0) -> list[RunEvent]:
    return [event async for event in follow(thread, behind=behind, store_url=stage.url)]


@pytest.mark.parametrize("graph", ["saying", "nested_saying"])
async def test_events_come_in_their_order_until_the_run_ends(stage: Stage, graph: str) -> None:
    plan = await stage.submit(graph)
    following = asyncio.create_task(all_of(stage))
    stage.decide(plan)
    await stage.resume()
    events = await following
    first, second, third = (event.event for event in events)
    assert (first["sent"], second["sent"]) == (1, 2)
    assert "is no JSON and was not kept" in third["left_out"]
    assert {event.plan_id for event in events} == {plan.plan_id}
    assert [event.number for event in await all_of(stage, behind=events[0].number)] == [
        event.number for event in events[1:]
    ]


async def test_one_that_waits_for_a_human_is_followed_on(stage: Stage) -> None:
    await stage.submit("saying")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(all_of(stage), 0.5)
    with pytest.raises(NoSuchRunError):
        await all_of(stage, "t2")


async def test_long_events_and_those_behind_the_first_thousand_are_left_out_and_said(stage: Stage) -> None:
    stage.decide(await stage.submit("saying_much"))
    await stage.resume()
    events = [event.event for event in await all_of(stage)]
    assert events[0] == {"left_out": "an event of 20,002 bytes"}
    assert events[1:-1] == list(range(999))
    assert events[-1] == {"left_out": "all behind the first 1,000 events"}


async def test_events_that_cannot_be_written_hold_up_no_run(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_run: ClaimedRun, _events: Sequence[str]) -> None:
        raise ConnectionError("the store is unreachable")

    stage.decide(await stage.submit("saying"))
    await stage.resume(note_events=refuse)
    assert stage.run().status == "DONE"
    assert await all_of(stage) == []
    assert "events of a run are not kept: ConnectionError" in caplog.text


async def test_the_command_prints_them_without_secrets_and_says_how_the_run_stands(
    stage: Stage, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, {"PLANGATE_STORE_URL": stage.url})
    shell.write("catalogue.yaml", "version: 1\nactions: {a: {tier: IRREVERSIBLE, secret: [token]}}\n")
    stage.decide(await stage.submit("saying"))
    await stage.resume()
    printed = shell.run("follow", "t1")
    assert '{"sent":1,"token":"•••"}' in printed.out
    assert "hush" not in printed.out
    assert "run t1 is DONE" in printed.out
    lines: list[Any] = shell.run("follow", "t1", "--json").out.splitlines()
    assert len(lines) == 3
    shell.run("follow", "t2").complains("there is no run t2")


async def test_the_command_says_of_a_run_that_waits_at_which_gate(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    request = asked(await stage.submit("saying"))
    stage.open(request)
    settings = Settings(store_url=stage.url)
    following = asyncio.create_task(command.follow_events(settings, "t1", frozenset(), as_json=True))
    told = ""
    async with asyncio.timeout(30):
        while ": asked" not in told:
            await asyncio.sleep(0.05)
            told += capsys.readouterr().err
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert told.startswith(f"gate {str(request.request_id)[:8]}: asked")
