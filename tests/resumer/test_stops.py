"""A stop holds runs where they are: before their claim, or between two effects; then they go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from gate_events.stops import Stop
from gate_events.words import OutcomeStatus
from gate_store.database import utc_now
from gate_store.stop_file import StopFile
from gate_store.stops import begin_stop, end_stop
from stream_apps.resumer import worker
from tests.resumer.project.graph import log
from tests.resumer.stage import PATIENCE_S, Stage, config, resumer

Happened = Callable[[], list[str]]
ACTION = "email.send"


class Switch:
    """Stops and goes, in the store or by the host's file."""

    def __init__(self, stage: Stage, file: StopFile, kind: str) -> None:
        self._stage = stage
        self._kind = kind
        self.file = file
        self._stopped: list[Stop] = []

    def stop(self, action_type: str | None = None) -> None:
        made = Stop(stop_id=uuid4(), action_type=action_type, by="ana", note="wrong mails", at=utc_now())
        self._stopped.append(made)
        if self._kind == "file":
            self.file.add(made)
            return
        with self._stage.engine.begin() as conn:
            begin_stop(conn, made)

    def go(self) -> None:
        for made in self._stopped:
            self.file.end(made.action_type)
            with self._stage.engine.begin() as conn:
                end_stop(conn, made, "ana", "mended", utc_now())


@pytest.fixture(params=["store", "file"])
def switch(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Switch:
    return Switch(stage, StopFile(tmp_path / "stop"), request.param)


@pytest.fixture(autouse=True)
def looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HELD_S", 0.05)


@asynccontextmanager
async def working(stage: Stage, switch: Switch) -> AsyncIterator[None]:
    async with resumer(config(stage.url, stop_file=switch.file)):
        yield


async def until(happens: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happens():  # noqa: ASYNC110 - a file tells it
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("action_type", [None, ACTION])
async def test_an_approved_run_waits_for_the_end_of_the_stop(
    stage: Stage, switch: Switch, happened: Happened, action_type: str | None
) -> None:
    switch.stop(action_type)
    stage.decide(await stage.submit())
    stage.decide(await stage.submit(thread="other", who=["carl"], action="idempotent.send"))
    async with working(stage, switch):
        if action_type:
            await stage.wait("DONE", "other")
            assert happened() == ["carl"]
        else:
            await asyncio.sleep(0.3)  # many looks
            assert happened() == []
        assert (stage.run().status, stage.run().attempts) == ("READY", 0)
        switch.go()
        await stage.wait("DONE")
        await stage.wait("DONE", "other")
    assert sorted(happened()) == ["ann", "bob", "carl"]


@pytest.mark.parametrize("graph", ["slow", "in_thread", "swallowing"])
async def test_a_run_between_two_effects_stops_before_the_next_and_goes_on(
    stage: Stage, switch: Switch, happened: Happened, graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "0.5")
    stage.decide(await stage.submit(graph))
    async with working(stage, switch):
        await until(lambda: "begin ann" in happened())
        switch.stop()
        await stage.wait("READY")
        assert [line for line in happened() if line.endswith(("ann", "bob"))] == ["begin ann", "end ann"]
        assert [row.state for row in stage.effects()] == ["SUCCEEDED"]
        assert stage.run().attempts == 0
        switch.go()
        await stage.wait("DONE")
    done = [line for line in happened() if line.endswith(("ann", "bob"))]
    assert done == ["begin ann", "end ann", "begin bob", "end bob"]
    assert stage.outcome().status is OutcomeStatus.DONE


async def test_what_is_under_way_beside_it_ends_and_is_told(
    stage: Stage, switch: Switch, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another branch is refused meanwhile: the graph would cut off this one, and a human would be asked."""
    monkeypatch.setenv("SLOW_S", "1")
    stage.decide(await stage.submit("fanned_out_slowly"))
    async with working(stage, switch):
        await until(lambda: "begin ann" in happened())
        switch.stop()
        log("stopped")
        await stage.wait("READY")
        assert happened() == ["begin ann", "stopped", "end ann"]
        assert [row.state for row in stage.effects()] == ["SUCCEEDED"]
        switch.go()
        await stage.wait("DONE")
    assert happened() == ["begin ann", "stopped", "end ann", "begin bob", "end bob"]


async def test_an_approval_that_went_stale_meanwhile_is_asked_again(
    stage: Stage, switch: Switch, happened: Happened
) -> None:
    switch.stop()
    stage.decide(await stage.submit())
    async with working(stage, switch):
        stage.change_run(use_by=utc_now())
        switch.go()
        await stage.wait("PAUSED")
    assert happened() == []


async def test_a_file_that_nobody_can_read_stops_everything(
    stage: Stage, tmp_path: Path, happened: Happened
) -> None:
    file = tmp_path / "stop"
    file.write_text("?")
    switch = Switch(stage, StopFile(file), "file")
    stage.decide(await stage.submit())
    async with working(stage, switch):
        await asyncio.sleep(0.3)  # many looks
        assert (stage.run().status, happened()) == ("READY", [])
        file.unlink()
        await stage.wait("DONE")
