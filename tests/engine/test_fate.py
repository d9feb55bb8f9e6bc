import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text

from gate_events.digest import step_digest
from gate_events.ids import derived, effect_key
from gate_events.values import Step
from gate_store.engine.fate import Seen, was_committed
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import Act, EngineStore, FateUnknownError, FenceLostError, Intent, RunEnd
from tests.engine.conduit import Conduit
from tests.engine.scene import EARLIER, PATIENCE_S, Scene, letter, progress

PLAN = derived("test", "fate")
COMMITS_WAIT = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait();
"""
KILL_COMMITTER = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'plangate engine: flush' AND datname = current_database()
    AND state = 'active' AND query LIKE 'COMMIT%'
"""


@pytest.fixture
async def conduit(postgres_scene: Scene) -> Conduit:
    return Conduit(postgres_scene.url)


@pytest.fixture
async def engine(conduit: Conduit) -> AsyncIterator[EngineStore]:
    async with conduit.running() as url:
        store = open_engine_store(url)
        await store.open()
        yield store
        await store.close()


@contextmanager
def commits_held(scene: Scene) -> Iterator[None]:
    """Until this is over, whoever commits a row of the outbox waits within its COMMIT."""
    with scene.store.begin() as conn:
        conn.execute(text(COMMITS_WAIT))
    with scene.store.begin() as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(1)"))
        yield


async def act_of_a_run(scene: Scene, engine: EngineStore, lease_s: float = 30) -> Act:
    paused = await scene.ready("t1")
    (run,) = await engine.claim("a", 8, lease_s)
    return progress(run, intents=[paused.intent()])


async def test_a_commit_that_went_through_unheard(
    postgres_scene: Scene, conduit: Conduit, engine: EngineStore
) -> None:
    act = await act_of_a_run(postgres_scene, engine)
    conduit.cut_at_commit = True
    with pytest.raises(FateUnknownError):
        await engine.flush([act])
    assert conduit.cuts == 1
    assert await engine.fate(act)
    assert postgres_scene.run("t1")["head_id"] == act.new_head


async def test_a_backend_killed_in_its_commit(postgres_scene: Scene, engine: EngineStore) -> None:
    act = replace(await act_of_a_run(postgres_scene, engine), outbox=[letter("one")])
    with commits_held(postgres_scene):
        flush = asyncio.create_task(engine.flush([act]))
        async with asyncio.timeout(PATIENCE_S):
            while not killed(postgres_scene):  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.02)
        with pytest.raises(FateUnknownError):
            await flush
    assert not await engine.fate(act)
    assert postgres_scene.run("t1")["head_id"] is None
    assert await engine.flush([act]) == [None]
    assert postgres_scene.sent() == ["one"]


def killed(scene: Scene) -> bool:
    with scene.store.begin() as conn:
        return bool(conn.execute(text(KILL_COMMITTER)).scalar_one())


async def test_fate_waits_for_a_backend_that_still_commits(
    postgres_scene: Scene, conduit: Conduit, engine: EngineStore
) -> None:
    act = replace(await act_of_a_run(postgres_scene, engine), outbox=[letter("one")])
    conduit.cut_at_commit = True
    with commits_held(postgres_scene):
        with pytest.raises(FateUnknownError):
            await engine.flush([act])
        assert postgres_scene.run("t1")["head_id"] is None  # not yet
        fate = asyncio.create_task(engine.fate(act))
        await asyncio.wait([fate], timeout=0.3)
        assert not fate.done()
    assert await fate


async def test_the_engine_goes_on_after_the_server_dropped_it(
    postgres_scene: Scene, engine: EngineStore
) -> None:
    act = await act_of_a_run(postgres_scene, engine)
    with postgres_scene.store.begin() as conn:
        conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name LIKE 'plangate engine%'"
            )
        )
    async with asyncio.timeout(PATIENCE_S):
        await engine.wait_ready(0.5)
        await engine.wait_ready(0.5)  # listens again
        outcomes = None
        while outcomes is None:
            try:
                outcomes = await engine.flush([act])
            except FateUnknownError:
                assert not await engine.fate(act)
    assert outcomes == [None]


async def test_a_worker_stopped_before_its_commit_does_not_keep_its_runs(
    postgres_scene: Scene, conduit: Conduit, engine: EngineStore
) -> None:
    act = await act_of_a_run(postgres_scene, engine, lease_s=0.2)
    other = open_engine_store(postgres_scene.url)
    await other.open()
    conduit.hold_at_commit = True
    stopped = asyncio.create_task(engine.flush([act]))
    await asyncio.sleep(0.3)
    assert await other.reap(8) == 0  # still locked
    async with asyncio.timeout(PATIENCE_S):
        while not await other.reap(8):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.1)
    with pytest.raises(FateUnknownError):
        await stopped
    (run,) = await other.claim("b", 8, 30)
    assert run.own_head is None
    await other.close()


async def test_a_cancelled_flush_leaves_no_connection_half_way(
    postgres_scene: Scene, conduit: Conduit, engine: EngineStore
) -> None:
    act = await act_of_a_run(postgres_scene, engine)
    conduit.hold_at_commit = True
    flush = asyncio.create_task(engine.flush([act]))
    await asyncio.wait([flush], timeout=0.3)
    flush.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flush
    conduit.hold_at_commit = False
    async with asyncio.timeout(PATIENCE_S):
        assert await engine.flush([act]) == [None]
    assert postgres_scene.run("t1")["head_id"] == act.new_head


@pytest.mark.parametrize("kind", ["head", "end", "intent", "result", "outbox"])
async def test_every_kind_of_act_shows_its_fate(
    postgres_scene: Scene, engine: EngineStore, kind: str
) -> None:
    paused = await postgres_scene.ready("t1")
    (run,) = await engine.claim("a", 8, 30)
    plain = Act("t1", run.token)
    if kind == "result":
        await engine.flush([replace(plain, intents=[paused.intent()])])
    act = {
        "head": progress(run),
        "end": replace(plain, end=RunEnd("FAILED", error="because")),
        "intent": replace(plain, intents=[paused.intent()]),
        "result": replace(plain, results=[paused.result()]),
        "outbox": replace(plain, outbox=[letter("one")]),
    }[kind]
    assert not await engine.fate(act)
    assert await engine.flush([act]) == [None]
    assert await engine.fate(act)
    await engine.close()


async def test_a_run_that_moved_on_refuses_what_never_arrived(
    postgres_scene: Scene, engine: EngineStore
) -> None:
    act = await act_of_a_run(postgres_scene, engine)
    postgres_scene.change_run("t1", lease_until=EARLIER)
    await engine.reap(8)
    assert not await engine.fate(act)
    (outcome,) = await engine.flush([act])
    assert isinstance(outcome, FenceLostError)
    assert not await engine.fate(Act("no such run", 1))


def test_a_failure_of_the_same_claim_is_no_sign_that_the_step_was_begun_again() -> None:
    step = Step(step_id="s1", action_type="mail")
    again = Intent(effect_key(PLAN, "s1"), step, step_digest(PLAN, step), None, repeat=True)
    act = Act("t1", 3, intents=[again])
    for state, committed in (("FAILED", False), ("CLAIMED", True)):
        seen = Seen(3, "RUNNING", None, frozenset(), {again.effect_id: (3, state)}, frozenset())
        assert was_committed(act, seen) is committed
