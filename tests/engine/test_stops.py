"""While something is stopped nothing of it is claimed, and nothing of it begins."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, update

from gate_events.stops import Stop
from gate_store.database import utc_now
from gate_store.dialects import on_postgres
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import Act, EngineStore, Served, StoppedError
from gate_store.engine.postgres import claim_sql as postgres_sql
from gate_store.engine.sqlite import claim_sql as sqlite_sql
from gate_store.engine.sqlite.which import Which
from gate_store.stops import begin_stop, end_stop
from gate_store.tables import stops
from tests.engine.scene import EARLIER, Scene

OTHER = "pay"


def stop(scene: Scene, action_type: str | None = None) -> Stop:
    made = Stop(stop_id=uuid4(), action_type=action_type, by="ana", note="wrong mails", at=EARLIER)
    with scene.store.begin() as conn:
        begin_stop(conn, made)
    return made


def go(scene: Scene, ended: Stop, at: datetime = EARLIER) -> None:
    with scene.store.begin() as conn:
        end_stop(conn, ended, "ana", "mended", at)


async def claimed(engine: EngineStore, *held: str) -> list[str]:
    return [run.thread_id for run in await engine.claim("a", 8, 30, held=held)]


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("action_type", [None, "mail"])
async def test_no_run_is_claimed_whose_plan_is_stopped(
    scene: Scene, engine: EngineStore, action_type: str | None, noted: bool
) -> None:
    await scene.ready("t1", noted=noted)
    made = stop(scene, action_type)
    assert await claimed(engine) == []
    assert scene.run("t1")["attempts"] == 0
    go(scene, made)
    assert await claimed(engine) == ["t1"]


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("action_type", [OTHER, "mai", 'm"ail', "mail\\", "päy"])
async def test_a_stop_of_one_action_type_holds_no_other(
    scene: Scene, engine: EngineStore, action_type: str, noted: bool
) -> None:
    paused = await scene.ready("t1", noted=noted)
    stop(scene, action_type)
    assert await claimed(engine, action_type) == ["t1"]
    assert await engine.flush([Act("t1", 1, intents=[paused.intent()])]) == [None]


@pytest.mark.parametrize("alone", [True, False])
async def test_a_run_that_is_to_be_tried_alone_is_held_too(
    scene: Scene, engine: EngineStore, alone: bool
) -> None:
    await scene.ready("t1", alone=alone)
    stop(scene)
    assert not await engine.any_alone()
    assert await claimed(engine) == []


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("alone", [True, False])
async def test_what_is_stopped_on_this_host_alone_is_claimed_elsewhere(
    scene: Scene, engine: EngineStore, other_engine: EngineStore, noted: bool, alone: bool
) -> None:
    await scene.ready("t1", noted=noted, alone=alone)
    assert await claimed(engine, "mail") == []
    assert not await engine.any_alone()
    assert await claimed(other_engine) == ["t1"]


@pytest.mark.parametrize("action_type", [None, "mail"])
async def test_a_stop_between_claim_and_intent_refuses_the_intent(
    scene: Scene, engine: EngineStore, action_type: str | None
) -> None:
    paused = await scene.ready("t1")
    assert await claimed(engine) == ["t1"]
    made = stop(scene, action_type)

    (refused,) = await engine.flush([Act("t1", 1, intents=[paused.intent()])])
    assert isinstance(refused, StoppedError)
    assert scene.effects(paused) == {}

    go(scene, made)
    assert await engine.flush([Act("t1", 1, intents=[paused.intent()])]) == [None]
    assert scene.effects(paused)["s1"]["state"] == "CLAIMED"


async def test_a_stop_refuses_the_second_attempt_at_a_step(scene: Scene, engine: EngineStore) -> None:
    paused = await scene.ready("t1", steps=1)
    assert await claimed(engine) == ["t1"]
    assert await engine.flush([Act("t1", 1, intents=[paused.intent()])]) == [None]
    assert await engine.flush([Act("t1", 1, results=[paused.result("FAILED")])]) == [None]
    stop(scene)
    (refused,) = await engine.flush([Act("t1", 1, intents=[paused.intent(repeat=True)])])
    assert isinstance(refused, StoppedError)
    assert scene.effects(paused)["s1"]["state"] == "FAILED"


async def test_a_stop_that_refuses_one_run_lets_the_others_of_the_commit_through(
    scene: Scene, engine: EngineStore
) -> None:
    held, free = await scene.ready("t1"), await scene.ready("t2")
    assert sorted(await claimed(engine)) == ["t1", "t2"]
    stop(scene, "mail")
    acts = [Act("t1", 1, intents=[held.intent()]), Act("t2", 1, results=[])]
    refused, done = await engine.flush(acts)
    assert isinstance(refused, StoppedError)
    assert done is None
    assert scene.effects(free) == {}


async def test_an_effect_that_is_under_way_ends_and_is_told(scene: Scene, engine: EngineStore) -> None:
    paused = await scene.ready("t1")
    await engine.claim("a", 8, 30)
    assert await engine.flush([Act("t1", 1, intents=[paused.intent()])]) == [None]
    stop(scene)
    assert await engine.flush([Act("t1", 1, results=[paused.result()])]) == [None]
    assert scene.effects(paused)["s1"]["state"] == "SUCCEEDED"


async def test_an_end_ends_the_stop_that_it_names_and_no_other(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    first, second = stop(scene), stop(scene)
    go(scene, first)
    assert await claimed(engine) == []
    go(scene, second)
    assert await claimed(engine) == ["t1"]


async def test_a_stop_that_comes_after_its_own_end_holds_nothing(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    late = Stop(stop_id=uuid4(), by="ana", note="", at=EARLIER)
    go(scene, late)
    with scene.store.begin() as conn:
        begin_stop(conn, late)
    assert await claimed(engine) == ["t1"]


async def test_a_held_run_is_given_back_as_if_nobody_had_claimed_it(
    scene: Scene, engine: EngineStore
) -> None:
    await scene.ready("t1")
    await engine.claim("a", 8, 30)
    assert await engine.release("a", [("t1", 1)], 60.0) == 1
    row = scene.run("t1")
    assert (row["status"], row["attempts"], row["alone"]) == ("READY", 0, False)
    assert await claimed(engine) == []
    scene.change_run("t1", not_before=EARLIER)
    assert await claimed(engine) == ["t1"]


async def test_a_run_that_a_stop_held_has_not_waited_for_a_worker(scene: Scene) -> None:
    """Right after the end, others' runs would else be taken for those that nobody serves, and ended STALE."""
    await scene.ready("t1")
    made = stop(scene)
    served = Served({"billing": "another"}, stale_after_s=60.0)
    other = open_engine_store(scene.url, served=served)
    await other.open()
    try:
        go(scene, made, at=utc_now())
        assert await claimed(other) == []
        with scene.store.begin() as conn:
            conn.execute(update(stops).values(ended_at=utc_now() - timedelta(seconds=61)))
        assert await claimed(other) == ["t1"]
    finally:
        await other.close()


async def test_held_runs_are_found_by_an_index(scene: Scene) -> None:
    """However many wait, and however long their answers are: each claim looks at all of them."""
    await scene.ready("t1")
    stop(scene, "mail")
    with scene.store.begin() as conn:
        plan = postgres_plan(conn) if on_postgres(conn) else sqlite_plan(conn)
    index = "pk_cleared_actions" if scene.url.startswith("postgres") else "sqlite_autoindex_cleared_actions_1"
    assert f"{index} (digest=? AND action_type=?)" in plan or f"Only Scan using {index}" in plan, plan


def sqlite_plan(conn: Connection) -> str:
    values = {"worker": "a", "limit": 8, "lease": "", **Which(EARLIER, None, ["pay"]).values()}
    found = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sqlite_sql.CLAIM}", values)
    return "\n".join(row[-1] for row in found)


def postgres_plan(conn: Connection) -> str:
    """How the database would go about it, had it many rows."""
    conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
    conn.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    kinds = "text, bigint, interval, text[], text[], text[]"
    conn.exec_driver_sql(f"PREPARE claims ({kinds}) AS {postgres_sql.CLAIM}")
    found = conn.exec_driver_sql("EXPLAIN EXECUTE claims ('a', 8, '30 s', NULL, NULL, ARRAY['pay'])")
    return "\n".join(row[0] for row in found)
