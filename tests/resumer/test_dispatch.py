"""A run does what its own interrupt asked, or what a human made of it, whatever the store was told."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import msgspec
import pytest

from gate_events.digest import plan_digest
from gate_events.pause import answer_to_cleared
from gate_events.records import PlanCleared
from gate_events.values import Step
from gate_events.words import OutcomeStatus
from gate_store.clearing import Clearance, clear
from gate_store.database import utc_now
from gate_store.outcomes import record_outcomes
from stream_apps.resumer.claim_end import UNGUARDED
from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.process import run_resumer
from tests.resumer.stage import Stage, config
from tests.store.examples import cleared

Happened = Callable[[], list[str]]
FOREIGN = (Step(step_id="s1", action_type="email.send", arguments={"to": "mallory"}),)


def believe(stage: Stage, word: PlanCleared, **run: object) -> None:
    """A store that took the router's word for a paused run, as before anything was held against it."""
    with stage.engine.begin() as conn:
        clear(conn, [Clearance(word, None, utc_now(), None)], utc_now(), None)
    answer = msgspec.to_builtins(answer_to_cleared(word))
    values = {"plan_id": word.plan_id, "digest": word.digest, "answer": answer, "status": "READY"}
    stage.change_run(**{**values, "asked_digest": None, **run})


@pytest.mark.parametrize("graph", ["billing", "nested", "static"])
@pytest.mark.parametrize("form", ["another plan", "a higher revision", "no steps", "the first revision"])
async def test_what_a_run_did_not_ask_is_not_dispatched(
    stage: Stage, happened: Happened, graph: str, form: str
) -> None:
    plan = await stage.submit(graph)
    plan_id = uuid4() if form == "another plan" else plan.plan_id
    revision = 2 if form == "a higher revision" else 1
    steps = () if form == "no steps" else FOREIGN
    word = msgspec.structs.replace(
        cleared(plan_id, steps=steps, run=plan.run),
        revision=revision,
        digest=plan_digest(plan_id, revision, steps, plan.run),
    )
    believe(stage, word)
    await stage.resume("FAILED")
    assert happened() == []
    assert "nothing was run" in stage.run().error


@pytest.mark.parametrize("graph", ["billing", "nested", "static"])
async def test_an_older_pause_that_does_not_say_what_it_asked_is_dispatched_by_its_own_question(
    stage: Stage, happened: Happened, graph: str
) -> None:
    plan = await stage.submit(graph)
    believe(stage, cleared(plan.plan_id, steps=plan.steps, run=plan.run))
    await stage.resume()
    assert happened() == ["ann", "bob"]


async def test_a_question_that_was_changed_in_its_checkpoint_is_not_dispatched(
    stage: Stage, happened: Happened
) -> None:
    plan = await stage.submit()
    word = cleared(plan.plan_id, steps=FOREIGN, run=plan.run)
    believe(stage, word, asked_digest=word.digest)
    await stage.resume("FAILED")
    assert happened() == []


@pytest.mark.parametrize(
    ("graph", "status"), [("skipping", OutcomeStatus.FAILED), ("idle_guarded", OutcomeStatus.NOT_RUN)]
)
async def test_an_outcome_is_done_only_where_every_step_succeeded(
    stage: Stage, happened: Happened, graph: str, status: OutcomeStatus
) -> None:
    stage.decide(await stage.submit(graph))
    await stage.resume()
    assert stage.outcome().status is status


@pytest.mark.parametrize(("graph", "did"), [("idle", []), ("late", ["acts unguarded"])])
async def test_of_a_graph_that_did_not_use_the_ledger_nobody_says_that_it_did_nothing(
    stage: Stage, happened: Happened, graph: str, did: list[str]
) -> None:
    stage.decide(await stage.submit(graph))
    await stage.resume()
    outcome = stage.outcome()
    assert happened() == did
    assert outcome.status is OutcomeStatus.FAILED
    assert {each.detail for each in outcome.results} == {UNGUARDED}
    assert stage.run().error == UNGUARDED
    with stage.engine.begin() as conn:
        assert record_outcomes(conn, [outcome], utc_now()) == {}


async def test_a_resumer_that_forbids_unguarded_graphs_names_the_first_and_the_mend(stage: Stage) -> None:
    with pytest.raises(GraphsError, match=r"graph 'billing' .* names no effects.*PLANGATE_UNGUARDED=allow"):
        await run_resumer(config(stage.url, forbids_unguarded=True), asyncio.Event())
