from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gate_store.engine.open import open_engine_store
from gate_store.engine.port import (
    Act,
    CheckpointPut,
    ClaimedRun,
    EngineStore,
    FenceLostError,
    NotClearedError,
    OutboxRow,
    PackedPut,
    Result,
    RunEnd,
    UnwritableError,
    WritesPut,
)
from gate_store.savers.open import open_saver
from tests.engine.scene import EARLIER, LATER, Paused, Scene, checkpoint_put, letter, progress, writes_put


async def begin(scene: Scene, engine: EngineStore, name: str = "t1", **run: Any) -> tuple[Paused, ClaimedRun]:
    paused = await scene.ready(name, **run)
    (claimed,) = await engine.claim("a", 1, 30)
    return paused, claimed


async def begin_again(scene: Scene, engine: EngineStore, name: str = "t1") -> ClaimedRun:
    """The lease ran out and somebody else has the run."""
    scene.change_run(name, lease_until=EARLIER)
    await engine.reap(10)
    (claimed,) = await engine.claim("b", 1, 30)
    return claimed


async def test_what_is_flushed_is_what_the_saver_reads(scene: Scene, engine: EngineStore) -> None:
    _, run = await begin(scene, engine)
    put = checkpoint_put(run.head, nothing=None, ratio=0.5)
    next_head = {"configurable": {**run.head.config["configurable"], "checkpoint_id": put.checkpoint["id"]}}
    puts: list[CheckpointPut | WritesPut | PackedPut] = [
        writes_put(run.head, ("__resume__", "yes")),
        put,
        writes_put(replace_config(run.head, next_head), ("mails", [4]), ("__error__", "no")),
    ]
    act = Act("t1", run.token, puts=puts, new_head=put.checkpoint["id"])
    assert await engine.flush([act]) == [None]
    assert scene.run("t1")["head_id"] == put.checkpoint["id"]
    async with open_saver(scene.url) as saver:
        newest = await saver.aget_tuple({"configurable": {"thread_id": "t1", "checkpoint_ns": ""}})
        former = await saver.aget_tuple(run.head.config)
    assert newest is not None
    assert former is not None
    assert newest.config == next_head
    assert newest.parent_config == run.head.config
    assert newest.checkpoint["channel_values"] == put.checkpoint["channel_values"]
    assert newest.metadata["step"] == 2
    assert newest.pending_writes == [("task-2", "__error__", "no"), ("task-2", "mails", [4])]
    assert ("task-2", "__resume__", "yes") in (former.pending_writes or [])


def replace_config(head: Any, config: Any) -> Any:
    return head._replace(config=config)


async def test_a_packed_put_holds_what_it_was_when_it_was_made(scene: Scene, engine: EngineStore) -> None:
    _, run = await begin(scene, engine)
    put = checkpoint_put(run.head)
    packed = engine.pack(put)
    put.checkpoint["channel_values"]["mails"].append("changed by the next node")
    act = Act("t1", run.token, puts=[packed], new_head=put.checkpoint["id"])
    assert await engine.flush([act]) == [None]
    assert (await engine.read("t1", "", None)).checkpoint["channel_values"]["mails"] == [3]


@pytest.mark.parametrize("at_once", [True, False])
async def test_special_writes_replace_and_others_stay(
    scene: Scene, engine: EngineStore, at_once: bool
) -> None:
    _, run = await begin(scene, engine)
    puts = [
        writes_put(run.head, (channel, value))
        for value in ("first", "second")
        for channel in ("__resume__", "mails")
    ]
    for chunk in [puts] if at_once else [puts[:2], puts[2:]]:
        assert await engine.flush([Act("t1", run.token, puts=list(chunk))]) == [None]
    pending = (await engine.read("t1", "", None)).pending_writes
    assert ("task-2", "__resume__", "second") in pending
    assert ("task-2", "mails", "first") in pending


async def test_an_act_is_written_whole_or_not_at_all(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    act = progress(run, intents=[paused.intent("s1"), paused.intent("s9")], outbox=[letter("one")])
    (outcome,) = await engine.flush([act])
    assert isinstance(outcome, NotClearedError)
    assert outcome.step_id == "s9"
    assert scene.effects(paused) == {}
    assert scene.sent() == []
    assert scene.run("t1")["head_id"] is None


async def test_a_zombie_fails_alone(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    await scene.ready("t2")
    await scene.ready("t3")
    zombie, *others = await engine.claim("a", 8, 30)
    current = await begin_again(scene, engine, zombie.thread_id)
    acts = [progress(zombie, outbox=[letter("zombie")]), *(progress(run) for run in others)]
    outcomes = await engine.flush(acts)
    assert isinstance(outcomes[0], FenceLostError)
    assert outcomes[1:] == [None, None]
    assert scene.run(zombie.thread_id)["head_id"] is None
    assert scene.run(others[0].thread_id)["head_id"] == acts[1].new_head
    assert scene.sent() == []
    assert await engine.read(zombie.thread_id, "", acts[0].new_head) is None
    assert await engine.flush([progress(current)]) == [None]


async def test_the_old_and_the_new_claim_of_one_run_in_one_flush(scene: Scene, engine: EngineStore) -> None:
    _, zombie = await begin(scene, engine)
    current = await begin_again(scene, engine)
    acts = [progress(zombie), progress(current), progress(zombie, end=RunEnd("DONE"))]
    outcomes = await engine.flush(acts)
    assert [type(outcome) for outcome in outcomes] == [FenceLostError, type(None), FenceLostError]
    row = scene.run("t1")
    assert (row["status"], row["head_id"]) == ("RUNNING", acts[1].new_head)


async def test_an_ended_run_takes_no_more_writes(scene: Scene, engine: EngineStore) -> None:
    _, run = await begin(scene, engine)
    assert await engine.flush([progress(run, end=RunEnd("DONE"))]) == [None]
    (outcome,) = await engine.flush([progress(run)])
    assert isinstance(outcome, FenceLostError)


async def test_a_cleared_step_may_begin(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    assert await engine.flush([progress(run, intents=[paused.intent()])]) == [None]
    row = scene.effects(paused)["s1"]
    assert (row["state"], row["attempts"], row["token"]) == ("CLAIMED", 1, run.token)
    assert (row["digest"], row["thread_id"], row["executor"]) == (paused.digest, "t1", "a")
    assert row["finished_at"] is None


@pytest.mark.parametrize(
    ("run", "intent", "why"),
    [
        ({"cleared": False}, {}, "no such step"),
        ({"digest": None}, {}, "no cleared plan"),
        ({}, {"step_id": "s9"}, "no such step"),
        ({}, {"arguments": {"to": "everybody"}}, "not what was cleared"),
        ({}, {"action_type": "pay"}, "not what was cleared"),
        ({"use_by": EARLIER}, {}, "good until"),
    ],
)
async def test_an_uncovered_step_is_refused(
    scene: Scene, engine: EngineStore, run: dict[str, Any], intent: dict[str, Any], why: str
) -> None:
    paused, claimed = await begin(scene, engine, **run)
    await scene.ready("t2")
    (other,) = await engine.claim("a", 1, 30)
    act = progress(claimed, intents=[paused.intent(**intent)])
    outcomes = await engine.flush([act, progress(other)])
    assert isinstance(outcomes[0], NotClearedError)
    assert why in str(outcomes[0])
    assert outcomes[1] is None
    assert scene.effects(paused) == {}
    assert scene.run("t1")["head_id"] is None


async def test_another_plans_clearance_does_not_cover(scene: Scene, engine: EngineStore) -> None:
    other = await scene.ready("other", not_before=LATER)
    with pytest.raises(IntegrityError):
        await begin(scene, engine, digest=other.digest)
    paused, run = await begin(scene, engine, "t2", plan_id=other.plan_id, digest=other.digest)
    (outcome,) = await engine.flush([progress(run, intents=[paused.intent()])])
    assert isinstance(outcome, NotClearedError)


async def test_a_plan_begun_in_time_may_go_on(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine, use_by=EARLIER)
    scene.insert_effect(paused, "s1")
    assert await engine.flush([Act("t1", run.token, intents=[paused.intent("s2")])]) == [None]


async def test_nobody_begins_an_effect_twice(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    act = Act("t1", run.token, intents=[paused.intent()])
    assert await engine.flush([act]) == [None]
    for intent in (paused.intent(), paused.intent(repeat=True)):
        (outcome,) = await engine.flush([replace(act, intents=[intent])])
        assert isinstance(outcome, NotClearedError)
        assert "CLAIMED" in str(outcome)


async def test_two_nodes_that_begin_one_effect_at_once(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    act = Act("t1", run.token, intents=[paused.intent()])
    outcomes = await engine.flush([act, replace(act)])
    assert outcomes[0] is None
    assert isinstance(outcomes[1], NotClearedError)


async def test_after_a_crash_only_a_repeat_begins_again(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    await engine.flush([Act("t1", run.token, intents=[paused.intent()])])
    second = await begin_again(scene, engine)
    (outcome,) = await engine.flush([Act("t1", second.token, intents=[paused.intent()])])
    assert isinstance(outcome, NotClearedError)
    again = Act("t1", second.token, intents=[paused.intent(repeat=True)])
    assert await engine.flush([again]) == [None]
    row = scene.effects(paused)["s1"]
    assert (row["state"], row["attempts"], row["token"], row["executor"]) == ("CLAIMED", 2, second.token, "b")


@pytest.mark.parametrize(
    ("state", "plain", "repeat"),
    [
        ("SUCCEEDED", False, False),
        ("FAILED", False, True),
        ("IN_DOUBT", False, False),
        ("RETRY", True, True),
    ],
)
async def test_what_may_begin_again(
    scene: Scene, engine: EngineStore, state: str, plain: bool, repeat: bool
) -> None:
    for name, again, allowed in (("plain", False, plain), ("repeat", True, repeat)):
        paused, run = await begin(scene, engine, name)
        await engine.flush([Act(name, run.token, intents=[paused.intent()])])
        finished = EARLIER if state in {"SUCCEEDED", "FAILED"} else None
        if state == "RETRY":
            scene.change_effect(paused.intent().effect_id, state="IN_DOUBT")
        scene.change_effect(paused.intent().effect_id, state=state, finished_at=finished)
        act = Act(name, run.token, intents=[paused.intent(repeat=again)])
        (outcome,) = await engine.flush([act])
        assert (outcome is None) == allowed
        if allowed:
            row = scene.effects(paused)["s1"]
            assert (row["state"], row["attempts"], row["finished_at"]) == ("CLAIMED", 2, None)


async def test_a_result_rides_with_the_next_intent(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    await engine.flush([Act("t1", run.token, intents=[paused.intent("s1")])])
    act = progress(run, results=[paused.result(value={"id": "m-1"})], intents=[paused.intent("s2")])
    assert await engine.flush([act]) == [None]
    rows = scene.effects(paused)
    assert (rows["s1"]["state"], rows["s1"]["result"]) == ("SUCCEEDED", {"id": "m-1"})
    assert rows["s1"]["finished_at"] is not None
    assert rows["s2"]["state"] == "CLAIMED"


async def test_a_probe_settles_an_effect_in_doubt(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    await engine.flush([Act("t1", run.token, intents=[paused.intent()])])
    second = await begin_again(scene, engine)
    for state in ("IN_DOUBT", "SUCCEEDED"):
        assert await engine.flush([Act("t1", second.token, results=[paused.result(state)])]) == [None]
        assert scene.effects(paused)["s1"]["state"] == state


async def test_a_result_is_final(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    never_begun = Act("t1", run.token, results=[paused.result()])
    (outcome,) = await engine.flush([never_begun])
    assert isinstance(outcome, UnwritableError)
    await engine.flush([Act("t1", run.token, intents=[paused.intent()])])
    await engine.flush([Act("t1", run.token, results=[paused.result()])])
    (outcome,) = await engine.flush([Act("t1", run.token, results=[paused.result("FAILED")])])
    assert isinstance(outcome, UnwritableError)
    assert scene.effects(paused)["s1"]["state"] == "SUCCEEDED"


async def test_the_end_and_its_record_are_one(scene: Scene, engine: EngineStore) -> None:
    _, run = await begin(scene, engine)
    bad = progress(run, end=RunEnd("DONE"), outbox=[letter("too early")], results=[unknown_result()])
    (outcome,) = await engine.flush([bad])
    assert isinstance(outcome, UnwritableError)
    assert scene.run("t1")["status"] == "RUNNING"
    assert scene.sent() == []
    act = progress(run, end=RunEnd("DONE"), outbox=[letter("one"), letter("two")])
    assert await engine.flush([act]) == [None]
    assert scene.run("t1")["status"] == "DONE"
    taken: list[OutboxRow] = []

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        taken.extend(row for _, row in rows)
        return [number for number, _ in rows]

    assert await engine.relay_outbox(1, publish) == 1
    assert taken == [act.outbox[0]]
    assert scene.sent() == ["two"]


async def test_rows_that_one_process_publishes_are_not_published_by_another(
    postgres_scene: Scene,
) -> None:
    one, two = open_engine_store(postgres_scene.url), open_engine_store(postgres_scene.url)
    await one.open()
    await two.open()
    _, run = await begin(postgres_scene, one)
    await one.flush([progress(run, outbox=[letter("one"), letter("two")])])

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        assert await two.relay_outbox(9, nobody) == 0
        return [number for number, _ in rows[:1]]

    async def nobody(rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        raise AssertionError(rows)

    assert await one.relay_outbox(9, publish) == 1
    assert postgres_scene.sent() == ["two"]
    await one.close()
    await two.close()


def unknown_result() -> Result:
    return Result(letter("").event_id, "SUCCEEDED", "", None)


async def test_a_record_is_in_the_outbox_once(scene: Scene, engine: EngineStore) -> None:
    _, run = await begin(scene, engine)
    record = letter("one")
    for _ in range(2):
        assert await engine.flush([Act("t1", run.token, outbox=[record])]) == [None]
    assert scene.sent() == ["one"]


async def test_a_run_done_keeps_its_plan_and_drops_its_answer(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    await engine.flush([progress(run, end=RunEnd("DONE"))])
    row = scene.run("t1")
    assert (row["status"], row["lease_until"], row["worker"], row["answer"]) == ("DONE", None, None, None)
    assert (row["plan_id"], row["digest"]) == (paused.plan_id, paused.digest)


async def test_a_run_paused_again_may_execute_nothing(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine, use_by=LATER)
    other = await scene.ready("other", not_before=LATER)
    end = RunEnd("PAUSED", pause=other.pause, plan_id=other.plan_id, asked_digest=other.digest)
    assert await engine.flush([progress(run, end=end)]) == [None]
    row = scene.run("t1")
    assert (row["status"], row["plan_id"]) == ("PAUSED", other.plan_id)
    assert row["asked_digest"] == other.digest
    assert row["pause"]["checkpoint_id"] == other.pause.checkpoint_id
    assert (row["answer"], row["digest"], row["use_by"], row["attempts"]) == (None, None, None, 0)
    assert row["plan_id"] != paused.plan_id


async def test_a_plan_asked_about_again_keeps_what_was_asked_at_first(
    scene: Scene, engine: EngineStore
) -> None:
    paused, run = await begin(scene, engine, use_by=LATER)
    scene.change_run("t1", asked_digest=paused.digest)
    end = RunEnd("PAUSED", pause=paused.pause, plan_id=paused.plan_id)
    assert await engine.flush([progress(run, end=end)]) == [None]
    assert scene.run("t1")["asked_digest"] == paused.digest


async def test_a_run_to_be_tried_again_keeps_its_answer(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    assert await engine.flush([progress(run, end=RunEnd("READY", error="flaky", not_before=LATER))]) == [None]
    row = scene.run("t1")
    assert (row["status"], row["error"], row["not_before"]) == ("READY", "flaky", LATER)
    assert (row["digest"], row["attempts"]) == (paused.digest, 1)
    assert await engine.claim("a", 8, 30) == []
    scene.change_run("t1", not_before=EARLIER)
    (again,) = await engine.claim("a", 8, 30)
    assert again.answer == run.answer


@pytest.mark.parametrize("status", ["FAILED", "IN_DOUBT", "STALE"])
async def test_a_run_that_ends_badly_says_why(scene: Scene, engine: EngineStore, status: str) -> None:
    _, run = await begin(scene, engine)
    assert await engine.flush([Act("t1", run.token, end=RunEnd(status, error="because"))]) == [None]
    row = scene.run("t1")
    assert (row["status"], row["error"], row["lease_until"]) == (status, "because", None)
    assert row["answer"] is not None  # a human may make it READY again


async def test_a_state_that_cannot_be_serialised_fails_alone(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    await scene.ready("t2")
    bad, good = await engine.claim("a", 8, 30)
    put = checkpoint_put(bad.head, thing=[object()])
    outcomes = await engine.flush([Act(bad.thread_id, bad.token, puts=[put]), progress(good)])
    assert isinstance(outcomes[0], UnwritableError)
    assert outcomes[1] is None


async def test_text_that_the_database_refuses_fails_alone(postgres_scene: Scene) -> None:
    engine = open_engine_store(postgres_scene.url)
    await engine.open()
    for n in range(3):
        await postgres_scene.ready(f"t{n}")
    one, two, three = await engine.claim("a", 8, 30)
    bad = Act(two.thread_id, two.token, puts=[checkpoint_put(two.head, name="\x00")])
    outcomes = await engine.flush([progress(one), bad, progress(three)])
    assert isinstance(outcomes[1], UnwritableError)
    assert (outcomes[0], outcomes[2]) == (None, None)
    await engine.close()


async def test_any_error_text_can_be_recorded(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    await engine.flush([Act("t1", run.token, intents=[paused.intent()])])
    words = "no file \udcff\x00"
    results = [replace(paused.result("FAILED"), detail=words)]
    act = Act("t1", run.token, results=results, end=RunEnd("FAILED", error=words))
    assert await engine.flush([act]) == [None]
    assert scene.run("t1")["error"] == "no file ?\ufffd"


async def test_another_threads_checkpoint_is_refused(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    await scene.ready("t2")
    one, two = await engine.claim("a", 8, 30)
    (outcome,) = await engine.flush([Act(one.thread_id, one.token, puts=[checkpoint_put(two.head)])])
    assert isinstance(outcome, UnwritableError)


async def test_sixty_four_acts_are_one_transaction(scene: Scene, engine: EngineStore) -> None:
    for n in range(64):
        await scene.ready(f"t{n}")
    claimed = await engine.claim("a", 64, 30)
    count = await commit_counter(scene, engine)
    acts = [progress(run, end=RunEnd("DONE"), outbox=[letter(run.thread_id)]) for run in claimed]
    assert await engine.flush(acts) == [None] * 64
    assert count() == 1
    assert len(scene.sent()) == 64


async def commit_counter(scene: Scene, engine: Any) -> Callable[[], int]:
    """How many transactions wrote the runs (PostgreSQL), or were committed since (SQLite)."""
    if scene.store.dialect.name == "postgresql":
        return lambda: writing_transactions(scene)
    seen: list[str] = []
    await engine._thread.look(lambda connection: connection.set_trace_callback(seen.append))
    return lambda: seen.count("COMMIT")


def writing_transactions(scene: Scene) -> int:
    with scene.store.begin() as conn:
        return int(conn.execute(text("SELECT count(DISTINCT xmin::text) FROM runs")).scalar_one())
