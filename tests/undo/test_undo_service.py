"""What a reviewer undoes is executed by the resumer: once, only as cleared, and only what is an undo."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested
from gate_events.stops import Stop
from gate_events.words import DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store.backlog import unexecuted
from gate_store.database import utc_now
from gate_store.stops import begin_stop, end_stop
from gate_store.tables import plan_outcomes, undo_plans
from gate_store.undo_plans import note_ended_undo_plans
from gate_store.undo_work import undo_plans_to_execute
from gate_store.workers import register_worker
from plangate.worker import undo_service
from plangate.worker.undo_service import without_function
from producers.effects import effects
from tests.store.examples import decided, executed
from tests.undo.scene import GRAPH, Scene, lie


async def test_an_undo_is_executed_and_its_outcome_told(scene: Scene) -> None:
    plan = scene.undone("ann")
    await scene.look(scene.service())
    [outcome] = scene.outcomes(plan)
    assert scene.did == ["ann"]
    assert outcome.status is OutcomeStatus.DONE
    assert [each.result for each in outcome.results] == ["untagged ann"]
    assert scene.commit(outcome).refused == {}
    assert scene.shown(plan.plan_id)["outcome"]["status"] == "DONE"


async def test_steps_are_undone_from_the_last_to_the_first(scene: Scene) -> None:
    scene.undone("ann", "bob", "cyn")
    await scene.look(scene.service())
    assert scene.did == ["cyn", "bob", "ann"]


async def test_what_is_undone_is_not_undone_again_by_nobody(scene: Scene) -> None:
    """Neither at the next look, nor by another resumer, nor after the gatekeeper noted it."""
    plan = scene.undone("ann")
    first, second = scene.service(), scene.service(worker="r2")
    await scene.look(first)
    await scene.look(first)
    await scene.look(second)
    [outcome] = scene.outcomes(plan)
    scene.commit(outcome)
    await scene.look(scene.service(worker="r3"))
    assert scene.did == ["ann"]
    assert len(scene.outcomes(plan)) == 1


async def test_a_plan_that_has_ended_is_marked_so_long_as_its_outcome_is_there(scene: Scene) -> None:
    plan = scene.undone("ann")
    await scene.look(scene.service())
    [outcome] = scene.outcomes(plan)
    mark = select(undo_plans.c.ended_at)
    with scene.store.begin() as conn:
        assert conn.execute(mark).scalars().all() == [None]
    scene.commit(outcome)
    with scene.store.begin() as conn:
        assert None not in conn.execute(mark).scalars().all()
        assert undo_plans_to_execute(conn, [GRAPH], utc_now()) == []
        conn.execute(plan_outcomes.delete().where(plan_outcomes.c.plan_id == plan.plan_id))
        note_ended_undo_plans(conn, [outcome.digest], utc_now())
        assert conn.execute(mark).scalars().all() == [None]


def test_a_plan_of_which_nothing_ran_is_not_marked_since_it_may_be_asked_again(scene: Scene) -> None:
    """By a gatekeeper of before, too, which takes no mark off."""
    plan = scene.undone("ann")
    told = executed(scene.routed(plan), OutcomeStatus.NOT_RUN, StepStatus.SKIPPED, at=utc_now())
    scene.commit(told)
    with scene.store.begin() as conn:
        known = select(plan_outcomes.c.status).where(plan_outcomes.c.plan_id == plan.plan_id)
        assert conn.execute(known).scalars().all() == ["NOT_RUN"]
        assert conn.execute(select(undo_plans.c.ended_at)).scalars().all() == [None]
        assert undo_plans_to_execute(conn, [GRAPH], utc_now()) == []


async def test_who_tells_once_more_tells_the_very_same(scene: Scene) -> None:
    """The outbox may be emptied before the gatekeeper has noted what was in it."""
    plan = scene.undone("ann")
    await scene.look(scene.service())
    [outcome] = scene.outcomes(plan)
    with scene.store.begin() as conn:
        conn.exec_driver_sql("DELETE FROM outbox")
    await scene.look(scene.service(worker="r2"))
    assert scene.outcomes(plan) == [outcome]
    assert scene.commit(outcome, outcome).refused == {}
    assert scene.did == ["ann"]


async def test_an_undo_that_is_asked_twice_runs_once(scene: Scene) -> None:
    review = scene.ran("ann")
    scene.commit(scene.undo(review), scene.undo(review))
    scene.commit(decided(review, DecisionKind.UNDO, by="ben", at=utc_now()))
    plan = scene.undo_plan()
    scene.commit(scene.routed(plan))
    scene.commit(scene.routed(plan))
    await scene.look(scene.service(), scene.service(worker="r2"))
    assert scene.did == ["ann"]


@pytest.mark.parametrize("more", ["", ", idempotent: true"], ids=["once", "idempotent"])
async def test_two_resumers_that_look_at_the_same_time_undo_once(store: Engine, more: str) -> None:
    scene = Scene(store, more=more)
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def slow(given: Any) -> None:
        scene.did.append(given.arguments["who"])
        entered.set()
        await asyncio.sleep(0.3)

    plan = scene.undone("ann")
    first = asyncio.create_task(scene.look(scene.service(slow)))
    await asyncio.wait_for(entered.wait(), 30)
    other = scene.service(slow, worker="r2")
    # as one does that had read the list of plans just before the first began
    await asyncio.to_thread(other.execute, scene.cleared(plan), loop, asyncio.Event())
    await first
    assert scene.did == ["ann"]


@pytest.mark.parametrize("of_service", [True, False], ids=["a service's plan", "another graph's run"])
async def test_a_graph_undoes_its_own_runs_alone(scene: Scene, of_service: bool) -> None:
    plan = scene.undone("ann", of_service=of_service)
    await scene.look(scene.service(graph="billing" if of_service else "refunds"))
    assert scene.did == []
    assert scene.states(plan.plan_id) == []


async def test_what_merely_says_that_it_undoes_is_left_alone(scene: Scene) -> None:
    honest = scene.undone("ann")
    forged = lie("forged")
    stolen = lie("revised", plan_id=honest.plan_id, revision=2, proposer=honest.proposer, agent=honest.agent)
    assert scene.commit(scene.routed(forged)).refused == {}
    assert scene.commit(scene.routed(stolen)).refused == {}  # who decided UNDO owns the id, and may revise
    await scene.look(scene.service())
    assert scene.did == []
    assert scene.states(forged.plan_id) == []


async def test_plans_that_others_execute_keep_none_from_its_turn(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graphs of two teams may share a name, and a worker of before may lack a function."""
    monkeypatch.setattr(undo_service, "AT_ONCE", 2)
    for number in range(5):
        scene.undone(f"ann {number}", thread=f"t{number}")
    lacks = scene.service(effects_={"tag": scene.untag})
    has = scene.service(worker="r2")
    for _ in range(3):
        await scene.look(lacks)
        await scene.look(has)
    assert sorted(scene.did) == [f"ann {number}" for number in range(5)]


async def test_what_is_not_cleared_is_not_executed(store: Engine) -> None:
    scene = Scene(store, tier="IRREVERSIBLE")
    plan = scene.undone("ann")
    await scene.look(scene.service())
    assert scene.did == []
    scene.commit(decided(scene.gate(plan), at=utc_now(), by="ben"))
    await scene.look(scene.service())
    assert scene.did == ["ann"]


async def test_a_rejected_undo_is_not_executed(store: Engine) -> None:
    scene = Scene(store, tier="IRREVERSIBLE")
    plan = scene.undone("ann")
    scene.commit(decided(scene.gate(plan), DecisionKind.REJECT, at=utc_now(), by="ben"))
    await scene.look(scene.service())
    assert scene.did == []


async def test_an_edited_undo_is_executed_as_edited(store: Engine) -> None:
    scene = Scene(store, tier="IRREVERSIBLE")
    plan = scene.undone("ann", "bob")
    request = scene.gate(plan)
    edit = decided(request, DecisionKind.EDIT, at=utc_now(), by="ben", steps=request.steps[:1])
    scene.commit(edit)
    [again] = [each for each in scene.said(ApprovalRequested) if each.revision == 2]
    scene.commit(again)
    scene.commit(decided(scene.gate(plan), at=utc_now(), by="ben"))
    await scene.look(scene.service())
    assert scene.did == ["bob"]


async def test_the_functions_under_effects_serve_and_know_their_key(scene: Scene) -> None:
    plan = scene.undone("ann")

    async def untag(given: Any) -> str:
        scene.did.append(given.arguments["who"])
        return effects().key(given)

    await scene.look(scene.service(effects_={"untag": untag}))
    [outcome] = scene.outcomes(plan)
    assert scene.did == ["ann"]
    assert outcome.results[0].result == str(effect_key(plan.plan_id, "undo-s1"))


async def test_an_undo_that_fails_is_told_and_not_tried_again(scene: Scene) -> None:
    plan = scene.undone("ann", "bob")

    def fails(given: Any) -> None:
        scene.did.append(given.arguments["who"])
        raise ValueError("no such tag")

    service = scene.service(fails)
    await scene.look(service)
    await scene.look(service)
    [outcome] = scene.outcomes(plan)
    assert scene.did == ["bob"]
    assert outcome.status is OutcomeStatus.FAILED
    assert [each.status.value for each in outcome.results] == ["FAILED", "SKIPPED"]
    assert "no such tag" in outcome.results[0].detail
    assert scene.commit(outcome).refused == {}


async def test_what_failed_is_logged_and_told_without_secrets(
    store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(store, more=", secret: [who]")
    plan = scene.undone("s3same")

    def fails(given: Any) -> None:
        raise ValueError(f"nobody is called {given.arguments['who']}")

    await scene.look(scene.service(fails))
    [outcome] = scene.outcomes(plan)
    assert "nobody is called •••" in outcome.results[0].detail
    assert "ValueError: nobody is called •••" in caplog.text
    assert "s3same" not in caplog.text + outcome.results[0].detail


async def test_a_function_that_exits_fails_and_the_process_goes_on(scene: Scene) -> None:
    plan = scene.undone("ann")

    def leaves(_: Any) -> None:
        raise SystemExit(3)

    await scene.look(scene.service(leaves))
    [outcome] = scene.outcomes(plan)
    assert outcome.status is OutcomeStatus.FAILED


async def test_after_a_crash_in_the_middle_a_human_is_asked_and_nothing_repeated(scene: Scene) -> None:
    plan = scene.undone("ann")
    scene.lost(plan)
    await scene.look(scene.service())
    assert (scene.did, scene.states(plan.plan_id)) == (["begun"], ["IN_DOUBT"])
    assert scene.outcomes(plan) == []
    [question] = scene.ask_about_doubts()
    scene.commit(
        decided(question, DecisionKind.RESOLVE, at=utc_now(), by="ben", resolution=Resolution.HAPPENED)
    )
    await scene.look(scene.service(worker="r2"))
    [outcome] = scene.outcomes(plan)
    assert (scene.did, outcome.status) == (["begun"], OutcomeStatus.DONE)


async def test_what_a_human_lets_be_tried_again_is(scene: Scene) -> None:
    plan = scene.undone("ann")
    scene.lost(plan)
    await scene.look(scene.service())
    [question] = scene.ask_about_doubts()
    scene.commit(decided(question, DecisionKind.RESOLVE, at=utc_now(), by="ben", resolution=Resolution.RETRY))
    await scene.look(scene.service(worker="r2"))
    assert scene.did == ["begun", "ann"]
    assert [each.status for each in scene.outcomes(plan)] == [OutcomeStatus.DONE]


@pytest.mark.parametrize(
    ("probe", "ended", "did"),
    [
        (lambda _: True, False, ["begun"]),
        (lambda _: False, True, ["begun", "ann"]),
        (lambda _: False, False, ["begun"]),
        (lambda _: None, True, ["begun"]),
    ],
    ids=["it happened", "it did not", "it may happen yet", "it cannot tell"],
)
async def test_after_a_crash_a_probe_is_asked_as_everywhere(
    scene: Scene, probe: Callable[[Any], Any], ended: bool, did: list[str]
) -> None:
    plan = scene.undone("ann")
    scene.lost(plan)
    if ended:
        with scene.store.begin() as conn:
            register_worker(conn, "r0 again", "place of r0", utc_now())
    service = scene.service(probe=probe)
    await scene.look(service)  # it is in doubt now
    await scene.look(service)
    assert scene.did == did
    known = probe(None) is True or (ended and probe(None) is False)
    assert scene.states(plan.plan_id) == (["SUCCEEDED"] if known else ["IN_DOUBT"])


async def test_an_idempotent_undo_is_repeated_after_its_claim_ran_out(store: Engine) -> None:
    scene = Scene(store, more=", idempotent: true")
    plan = scene.undone("ann")
    scene.lost(plan)
    await scene.look(scene.service())
    assert (scene.did, scene.states(plan.plan_id)) == (["begun", "ann"], ["SUCCEEDED"])


async def test_a_worker_that_stops_begins_no_further_step(scene: Scene) -> None:
    plan = scene.undone("ann", "bob")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stops(given: Any) -> None:
        scene.did.append(given.arguments["who"])
        loop.call_soon_threadsafe(stop.set)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()

    await scene.service(stops).look(stop)
    assert scene.did == ["bob"]
    assert scene.outcomes(plan) == []
    await scene.look(scene.service(worker="r2"))
    assert scene.did == ["bob", "ann"]
    assert [each.status for each in scene.outcomes(plan)] == [OutcomeStatus.DONE]


async def test_what_nobody_executes_is_told_by_the_doctor(scene: Scene) -> None:
    plan = scene.undone("ann")
    later = utc_now() + timedelta(minutes=1)
    with scene.store.begin() as conn:
        waiting = unexecuted(conn, later)
    assert (waiting.count, waiting.example) == (1, str(plan.plan_id))
    await scene.look(scene.service())
    with scene.store.begin() as conn:
        assert unexecuted(conn, later).count == 0


@pytest.mark.parametrize("action_type", [None, "untag"], ids=["everything", "its action type"])
async def test_a_stop_holds_an_undo_until_it_is_ended(scene: Scene, action_type: str | None) -> None:
    stop = Stop(stop_id=uuid4(), action_type=action_type, by="ada", note="look first", at=utc_now())
    scene.undone("ann")
    with scene.store.begin() as conn:
        begin_stop(conn, stop)
    service = scene.service()
    await scene.look(service)
    assert scene.did == []
    with scene.store.begin() as conn:
        end_stop(conn, stop, "ada", "all is well", utc_now())
    await scene.look(service)  # however long it would have waited for its next look
    assert scene.did == ["ann"]


async def test_an_undo_of_an_undo_is_its_first_graphs(store: Engine) -> None:
    scene = Scene(
        store, tier="PARTIALLY_REVERSIBLE", more=', undo: {action: untag, arguments: {who: "again"}}'
    )
    plan = scene.undone("ann")
    await scene.look(scene.service())
    scene.commit(*scene.outcomes(plan))
    [review] = [each for each in scene.said(ApprovalRequested) if each.plan_id == plan.plan_id]
    scene.commit(review)
    scene.undo(review, by="ben")
    scene.commit(scene.routed(scene.undo_plan()))
    await scene.look(scene.service(worker="r2"))
    assert scene.did == ["ann", "again"]


async def test_show_tells_what_became_of_the_undo(scene: Scene) -> None:
    review = scene.ran("ann")
    scene.undo(review)
    plan = scene.undo_plan()

    def state() -> list[str]:
        found = scene.shown(review.plan_id)["undo_plans"]
        assert [each["plan_id"] for each in found] == [str(plan.plan_id)]
        return [each["state"] for each in found]

    assert state() == ["PUBLISHED"]
    scene.commit(scene.routed(plan))
    assert state() == ["CLEARED"]
    assert scene.shown(plan.plan_id)["undoes"] == str(review.plan_id)
    await scene.look(scene.service())
    assert state() == ["BEGUN"]
    scene.commit(*scene.outcomes(plan))
    assert state() == ["DONE"]


def test_a_worker_says_for_which_undo_it_has_no_function(scene: Scene) -> None:
    assert "no function for undo untag" in without_function(scene.catalogue, {"billing": ["tag"]})
    assert without_function(scene.catalogue, {"billing": ["tag"], "refunds": ["untag"]}) == ""
