import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from gate_store.engine.open import open_engine_store, open_notifier
from gate_store.engine.port import Act, EngineStore, RunEnd
from gate_store.savers.open import open_saver
from tests.engine.scene import EARLIER, LATER, PATIENCE_S, Scene, progress

CLOCK_GRAIN = timedelta(milliseconds=2)


async def test_two_workers_never_claim_the_same_run(
    scene: Scene, engine: EngineStore, other_engine: EngineStore
) -> None:
    for n in range(40):
        await scene.ready(f"t{n}")

    taken: list[str] = []
    while True:
        chunks = await asyncio.gather(engine.claim("a", 3, 30), other_engine.claim("b", 3, 30))
        found = [run.thread_id for chunk in chunks for run in chunk]
        if not found:
            break
        taken += found
    assert sorted(taken) == sorted(f"t{n}" for n in range(40))


async def test_a_claim_brings_all_that_the_resume_needs(scene: Scene, engine: EngineStore) -> None:
    paused = await scene.ready("t1", use_by=LATER)
    before = datetime.now(UTC)
    (run,) = await engine.claim("a", 8, 30)
    after = datetime.now(UTC)
    assert (run.thread_id, run.graph, run.token, run.attempts) == ("t1", "billing", 1, 1)
    assert (run.plan_id, run.digest, run.pause) == (paused.plan_id, paused.digest, paused.pause)
    assert run.answer.steps == paused.steps
    assert run.use_by == LATER
    assert run.own_head is None
    assert run.effects == {}
    row = scene.run("t1")
    assert (row["status"], row["worker"]) == ("RUNNING", "a")
    lease = timedelta(seconds=30)
    assert before + lease - CLOCK_GRAIN <= row["lease_until"] <= after + lease + CLOCK_GRAIN


async def test_the_head_is_what_the_saver_would_return(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    (run,) = await engine.claim("a", 8, 30)
    async with open_saver(scene.url) as saver:
        expected = await saver.aget_tuple({"configurable": {"thread_id": "t1", "checkpoint_ns": ""}})
    assert run.head == expected
    assert run.head.checkpoint["channel_values"] == {"name": "alfa", "mails": [1, 2]}
    assert run.head.pending_writes == [("task-1", "__interrupt__", [{"plan": "t1"}])]


async def test_the_head_is_the_newest_checkpoint(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    newer = await scene.pause("t1")
    (run,) = await engine.claim("a", 8, 30)
    assert run.head.config == newer


async def test_a_run_without_a_checkpoint_has_no_head(scene: Scene, engine: EngineStore) -> None:
    paused = await scene.ready("t1")
    async with open_saver(scene.url) as saver:
        await saver.adelete_thread(paused.thread_id)
    (run,) = await engine.claim("a", 8, 30)
    assert run.head is None


async def test_a_claim_after_a_crash_knows_the_head_and_the_effects(
    scene: Scene, engine: EngineStore
) -> None:
    paused = await scene.ready("t1")
    (first,) = await engine.claim("a", 8, 30)
    assert await engine.flush([progress(first, intents=[paused.intent()])]) == [None]
    act = Act("t1", first.token, results=[paused.result(value={"id": 7})])
    assert await engine.flush([act]) == [None]
    scene.change_run("t1", lease_until=EARLIER)
    assert await engine.reap(10) == 1
    (second,) = await engine.claim("b", 8, 30)
    assert second.token > first.token
    assert second.attempts == 2
    assert second.own_head == second.head.config["configurable"]["checkpoint_id"]
    assert second.own_head != paused.pause.checkpoint_id
    (effect,) = second.effects.values()
    assert (effect.step_id, effect.state, effect.attempts, effect.result) == ("s1", "SUCCEEDED", 1, {"id": 7})


async def test_a_run_waits_for_its_moment(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("later", not_before=LATER)
    await scene.ready("second", not_before=EARLIER + timedelta(minutes=1))
    await scene.ready("first", not_before=EARLIER)
    assert [run.thread_id for run in await engine.claim("a", 1, 30)] == ["first"]
    assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["second"]


async def test_a_damaged_run_fails_alone_with_its_reason(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("damaged", answer={"state": "APPROVED"})
    await scene.ready("paused nowhere", pause={})
    await scene.ready("sound")
    assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["sound"]
    row = scene.run("damaged")
    assert row["status"] == "FAILED"
    assert "plan_id" in row["error"]
    assert "graph" in scene.run("paused nowhere")["error"]


@pytest.mark.parametrize("versions", ["7", "[]"])
async def test_a_damaged_checkpoint_keeps_no_other_run_waiting(postgres_scene: Scene, versions: str) -> None:
    """Whoever may write a checkpoint of its own might otherwise stop all claims."""
    await postgres_scene.ready("damaged")
    await postgres_scene.ready("sound")
    with psycopg.connect(postgres_scene.url) as conn:
        conn.execute(
            "UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{channel_versions}', %s::jsonb)"
            " WHERE thread_id = 'damaged'",
            [versions],
        )
    engine = open_engine_store(postgres_scene.url)
    await engine.open()
    try:
        assert "sound" in [run.thread_id for run in await engine.claim("a", 8, 30)]
    finally:
        await engine.close()


async def test_an_expired_lease_goes_to_the_next_worker(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    await engine.claim("a", 8, 30)
    assert await engine.reap(10) == 0
    scene.change_run("t1", lease_until=EARLIER)
    assert await engine.reap(10) == 1
    assert scene.run("t1")["token"] == 2
    (run,) = await engine.claim("b", 8, 30)
    assert run.token == 3


async def test_an_agent_that_plans_is_not_reaped(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1", status="RUNNING", worker="agent", answer=None, lease_until=EARLIER)
    assert await engine.reap(10) == 0


async def test_a_renewed_lease_holds_and_a_lost_one_is_named(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("kept")
    await scene.ready("lost")
    tokens = [(run.thread_id, run.token) for run in await engine.claim("a", 8, 30)]
    scene.change_run("kept", lease_until=EARLIER)
    scene.change_run("lost", token=9)
    assert await engine.renew("a", tokens, 30) == {"lost"}
    assert await engine.reap(10) == 0
    assert await engine.renew("somebody else", tokens, 30) == {"kept", "lost"}


async def test_a_clean_shutdown_gives_back_what_was_held(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    await scene.ready("t2")
    (mine,) = await engine.claim("a", 1, 30)
    (theirs,) = await engine.claim("b", 1, 30)
    held = [(run.thread_id, run.token) for run in (mine, theirs)]
    assert await engine.release("a", held) == 1
    assert scene.run(mine.thread_id)["status"] == "READY"
    assert scene.run(theirs.thread_id)["status"] == "RUNNING"
    (again,) = await engine.claim("c", 8, 30)
    assert (again.thread_id, again.attempts) == (mine.thread_id, 1)
    assert again.token > mine.token


async def test_a_sleeper_wakes_when_a_run_becomes_ready(scene: Scene, engine: EngineStore) -> None:
    await engine.wait_ready(0.01)  # what was ready before it listened
    sleeping = asyncio.create_task(engine.wait_ready(3600))
    await asyncio.sleep(0.1)
    assert not sleeping.done()
    await scene.ready("t1")
    if notifier := open_notifier(scene.url):
        notifier.notify_ready()
        notifier.close()
    async with asyncio.timeout(PATIENCE_S):
        await sleeping


async def test_a_sleeper_wakes_by_itself_in_the_end(engine: EngineStore) -> None:
    await engine.wait_ready(0.01)
    async with asyncio.timeout(PATIENCE_S):
        await engine.wait_ready(0.2)


async def test_a_checkpoint_is_read_by_its_id_or_as_the_newest(scene: Scene, engine: EngineStore) -> None:
    paused = await scene.ready("t1")
    newer: Any = await scene.pause("t1")
    newest = await engine.read("t1", "", None)
    older = await engine.read("t1", "", paused.pause.checkpoint_id)
    assert newest.config == newer
    assert older.config["configurable"]["checkpoint_id"] == paused.pause.checkpoint_id
    assert await engine.read("t1", "child:1", None) is None


async def test_opening_a_store_that_is_not_there_says_so(sqlite_url: str) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await open_engine_store(sqlite_url).open()


async def test_a_run_whose_worker_died_is_claimed_alone(scene: Scene, engine: EngineStore) -> None:
    """Before all others, never beside them, and only until it was ended by a worker that lives."""
    for name in ("one", "two"):
        await scene.ready(name)
    await engine.claim("a", 8, 30)
    for name in ("one", "two"):
        scene.change_run(name, lease_until=EARLIER)
    await scene.ready("other", not_before=EARLIER - timedelta(hours=1))
    assert await engine.reap(10) == 2
    assert await engine.any_alone()
    (other,) = await engine.claim("b", 8, 30, beside=True)
    assert (other.thread_id, other.alone) == ("other", False)
    (first,) = await engine.claim("b", 8, 30)
    (second,) = await engine.claim("b", 8, 30)
    assert {first.thread_id, second.thread_id} == {"one", "two"}
    assert first.alone
    assert second.alone
    assert not await engine.any_alone()
    assert await engine.flush([progress(run, end=RunEnd("READY")) for run in (first, second)]) == [None, None]
    assert len(await engine.claim("b", 8, 30, beside=True)) == 2


async def test_what_is_to_be_tried_alone_stays_so_through_a_clean_shutdown(
    scene: Scene, engine: EngineStore
) -> None:
    await scene.ready("t1")
    await engine.claim("a", 8, 30)
    scene.change_run("t1", lease_until=EARLIER)
    await engine.reap(10)
    (run,) = await engine.claim("b", 8, 30)
    assert await engine.release("b", [(run.thread_id, run.token)]) == 1
    assert await engine.claim("c", 8, 30, beside=True) == []
    assert await engine.any_alone()


async def test_a_run_that_waits_its_turn_alone_does_not_hold_up_the_others(
    scene: Scene, engine: EngineStore
) -> None:
    await scene.ready("later", alone=True, not_before=LATER)
    await scene.ready("now")
    assert not await engine.any_alone()
    assert [run.thread_id for run in await engine.claim("a", 8, 30)] == ["now"]
