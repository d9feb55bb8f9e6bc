"""The steps of a run begin in the order that was approved."""

from collections.abc import Sequence
from typing import Any

import pytest

from gate_events.ids import effect_key
from gate_store.engine.port import Act, ClaimedRun, EngineStore, OutOfOrderError, RunEnd
from tests.engine.scene import LATER, Paused, Scene, progress

WORDS = (
    "step s2 was refused: step s1 stands before it and has not begun; "
    "do the steps in the order that was approved, or give the plan's steps `after`"
)


async def begin(scene: Scene, engine: EngineStore, **given: Any) -> tuple[Paused, ClaimedRun]:
    paused = await scene.ready("t1", **given)
    (claimed,) = await engine.claim("a", 1, 30)
    return paused, claimed


def acts(paused: Paused, run: ClaimedRun, *names: str) -> list[Act]:
    """An act for each step, in that order."""
    return [progress(run, intents=[paused.intent(name)]) for name in names]


def refused(outcomes: Sequence[object]) -> list[bool]:
    assert all(one is None or isinstance(one, OutOfOrderError) for one in outcomes), outcomes
    return [one is not None for one in outcomes]


async def test_a_step_does_not_begin_before_one_that_stands_before_it(
    scene: Scene, engine: EngineStore
) -> None:
    paused, run = await begin(scene, engine, steps=3)
    (outcome,) = await engine.flush(acts(paused, run, "s2"))
    assert isinstance(outcome, OutOfOrderError)
    assert str(outcome) == WORDS
    assert scene.effects(paused) == {}
    for name in ("s1", "s2", "s3"):
        assert await engine.flush(acts(paused, run, name)) == [None]


async def test_a_step_waits_for_the_step_before_the_step_before_it(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine, steps=3)
    assert refused(await engine.flush(acts(paused, run, "s3"))) == [True]
    assert await engine.flush(acts(paused, run, "s1")) == [None]
    assert refused(await engine.flush(acts(paused, run, "s3"))) == [True]
    assert set(scene.effects(paused)) == {"s1"}


WAYS: dict[str, list[dict[str, Any]]] = {
    "CLAIMED": [],
    "SUCCEEDED": [{"state": "SUCCEEDED", "finished_at": LATER}],
    "FAILED": [{"state": "FAILED", "finished_at": LATER}],
    "IN_DOUBT": [{"state": "IN_DOUBT"}],
    "RETRY": [{"state": "IN_DOUBT"}, {"state": "RETRY"}],
}


@pytest.mark.parametrize("state", WAYS)
async def test_a_step_that_began_stands_in_nobodys_way_however_it_ended(
    scene: Scene, engine: EngineStore, state: str
) -> None:
    paused, run = await begin(scene, engine)
    await engine.flush(acts(paused, run, "s1"))
    for changes in WAYS[state]:
        scene.change_effect(effect_key(paused.plan_id, "s1"), **changes)
    assert await engine.flush(acts(paused, run, "s2")) == [None]


async def test_steps_of_one_flush_begin_in_the_order_in_which_they_were_asked(
    scene: Scene, engine: EngineStore
) -> None:
    paused, run = await begin(scene, engine, steps=3)
    assert refused(await engine.flush(acts(paused, run, "s2", "s1"))) == [True, False]
    assert refused(await engine.flush(acts(paused, run, "s2", "s3"))) == [False, False]


@pytest.mark.parametrize(("names", "is_refused"), [(("s1", "s2"), False), (("s2", "s1"), True)])
async def test_steps_of_one_act_begin_in_the_order_in_which_they_were_asked(
    scene: Scene, engine: EngineStore, names: tuple[str, ...], is_refused: bool
) -> None:
    paused, run = await begin(scene, engine)
    act = progress(run, intents=[paused.intent(name) for name in names])
    assert refused(await engine.flush([act])) == [is_refused]
    assert len(scene.effects(paused)) == (0 if is_refused else 2)


async def test_what_stands_behind_a_step_that_is_refused_is_refused_with_it(
    scene: Scene, engine: EngineStore
) -> None:
    paused, run = await begin(scene, engine)
    strange = progress(run, intents=[paused.intent("s1", arguments={"to": "mallory"})])
    first, second = await engine.flush([strange, *acts(paused, run, "s2")])
    assert "its content is not what was cleared" in str(first)
    assert isinstance(second, OutOfOrderError)
    assert scene.effects(paused) == {}


async def test_a_step_of_another_run_is_not_the_one_that_stands_before(
    scene: Scene, engine: EngineStore
) -> None:
    paused, other = await scene.ready("t1"), await scene.ready("t2")
    runs = {run.thread_id: run for run in await engine.claim("a", 2, 30)}
    both = [*acts(other, runs["t2"], "s1"), *acts(paused, runs["t1"], "s2")]
    assert refused(await engine.flush(both)) == [False, True]


async def test_a_step_waits_for_those_alone_that_its_plan_names(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine, after=[None, (), ("s1",), None])
    assert await engine.flush(acts(paused, run, "s2")) == [None]
    assert refused(await engine.flush(acts(paused, run, "s3"))) == [True]
    assert await engine.flush(acts(paused, run, "s1")) == [None]
    assert refused(await engine.flush(acts(paused, run, "s4"))) == [True]
    assert refused(await engine.flush(acts(paused, run, "s3", "s4"))) == [False, False]


async def test_what_the_version_before_cleared_is_held_to_no_order(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine, ordered=False)
    assert await engine.flush(acts(paused, run, "s2")) == [None]


async def test_a_run_whose_step_was_refused_can_still_be_ended(scene: Scene, engine: EngineStore) -> None:
    paused, run = await begin(scene, engine)
    assert refused(await engine.flush(acts(paused, run, "s2"))) == [True]
    assert await engine.flush([progress(run, end=RunEnd("FAILED", WORDS))]) == [None]
