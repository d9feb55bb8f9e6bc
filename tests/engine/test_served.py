"""A worker claims the runs whose graphs it has, as they paused; others it leaves to others, for a while."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import pytest

from gate_store.engine.open import open_engine_store
from gate_store.engine.port import EngineStore, Served
from gate_store.unserved import paused_elsewhere, unserved
from tests.engine.scene import EARLIER, LATER, Scene

OURS = {"billing": "1"}  # as the scene's runs pause
A_WHILE_S, FOR_EVER_S = (
    300.0,
    100 * 365 * 24 * 3600.0,
)  # EARLIER is longer ago than the one, not than the other
NOT_OURS: list[Mapping[str, str]] = [{"billing": "2"}, {"invoices": "1"}, {}]


@asynccontextmanager
async def serving(
    scene: Scene, versions: Mapping[str, str], stale_after_s: float = FOR_EVER_S
) -> AsyncIterator[EngineStore]:
    store = open_engine_store(scene.url, served=Served(versions, stale_after_s))
    await store.open()
    yield store
    await store.close()


async def test_a_worker_claims_what_it_serves(scene: Scene) -> None:
    await scene.ready("t1")
    async with serving(scene, {"other": "9", **OURS}) as engine:
        assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["t1"]


@pytest.mark.parametrize("versions", NOT_OURS, ids=["another version", "another graph", "no graph"])
async def test_a_run_of_another_version_is_left_to_others(scene: Scene, versions: Mapping[str, str]) -> None:
    await scene.ready("t1", not_before=EARLIER)
    async with serving(scene, versions) as engine:
        assert await engine.claim("a", 8, 30) == []
    assert scene.run("t1")["status"] == "READY"
    assert scene.run("t1")["attempts"] == 0


async def test_a_run_that_nobody_serves_is_claimed_in_the_end(scene: Scene) -> None:
    await scene.ready("t1", not_before=EARLIER)
    async with serving(scene, {"billing": "2"}, A_WHILE_S) as engine:
        assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["t1"]


async def test_what_is_served_comes_before_what_nobody_serves(scene: Scene) -> None:
    await scene.ready("theirs", not_before=EARLIER, graph="old")
    await scene.ready("ours")
    async with serving(scene, OURS, A_WHILE_S) as engine:
        claims = [[run.thread_id for run in await engine.claim("a", 8, 30)] for _ in range(2)]
    assert claims == [["ours"], ["theirs"]]


async def test_a_run_of_another_version_is_not_waited_for_alone(scene: Scene) -> None:
    """It would keep a worker from all others that it could serve."""
    await scene.ready("theirs", alone=True, graph="old")
    await scene.ready("ours")
    async with serving(scene, OURS) as engine:
        assert not await engine.any_alone()
        assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["ours"]


async def test_a_worker_sleeps_while_only_others_runs_are_ready(scene: Scene) -> None:
    await scene.ready("theirs", graph="old")
    async with serving(scene, OURS) as engine:
        await engine.wait_ready(0.05)  # what was READY before it listened
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await engine.wait_ready(60)


async def test_what_waits_for_another_version_is_counted(scene: Scene) -> None:
    for name in ("t1", "t2"):
        await scene.ready(name)
    await scene.ready("later", not_before=LATER)
    with scene.store.connect() as conn:
        assert unserved(conn, Served(OURS, 300), EARLIER) == {}
        assert unserved(conn, Served({"billing": "2"}, 300), EARLIER) == {"billing": 2}
        assert unserved(conn, Served({}, 300), EARLIER) == {"billing": 2}


async def test_who_waits_at_a_gate_of_another_version_is_named(scene: Scene) -> None:
    for name, graph in (("first", "billing"), ("second", "billing"), ("elsewhere", "other")):
        await scene.ready(name, graph=graph)
        scene.change_run(name, status="PAUSED", answer=None, digest=None, use_by=None)
    await scene.ready("answered")
    with scene.store.connect() as conn:
        assert paused_elsewhere(conn, Served(OURS, 0), 10) == []
        assert sorted(paused_elsewhere(conn, Served({"billing": "2"}, 0), 10)) == ["first", "second"]
        assert len(paused_elsewhere(conn, Served({"billing": "2"}, 0), 1)) == 1


async def test_a_pause_with_a_nul_character_in_it_harms_nobody_else(scene: Scene) -> None:
    """PostgreSQL's JSON operators would fail on it, and with them the claims of all."""
    bad = await scene.ready("bad")
    scene.change_run("bad", pause=msgspec.structs.replace(bad.pause, checkpoint_ns="\0"))
    await scene.ready("good")
    async with serving(scene, OURS) as engine:
        assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["good"]
    assert "checkpoint_ns" in scene.run("bad")["error"]
    with scene.store.connect() as conn:
        assert unserved(conn, Served({"billing": "2"}, 300), EARLIER) == {}
