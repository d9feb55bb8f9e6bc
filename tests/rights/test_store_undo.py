"""A resumer executes undo plans of runs under its role, and begins nothing else that has no run."""

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import ProgrammingError

from gate_events.words import DecisionKind, OutcomeStatus, Resolution
from gate_store.database import open_store, utc_now
from gate_store.ledger import claim_effect
from gate_store.roles.roles import Role
from gate_store.undo_plans import undo_plans_of
from tests.rights.logins import Logins
from tests.store.examples import decided
from tests.undo.scene import Scene, lie

pytestmark = pytest.mark.postgres


@pytest.fixture
def scene(logins: Logins) -> Iterator[Scene]:
    """The test sets up and looks as super user; gatekeeper and resumers work under their roles."""
    store = open_store(logins.url)
    with logins.store(Role.GATEKEEPER) as gatekeeper, logins.store(Role.RESUMER) as resumers:
        yield Scene(store, gatekeeper=gatekeeper, resumers=resumers)
    store.dispose()


async def test_an_undo_is_noted_executed_and_told(scene: Scene) -> None:
    plan = scene.undone("ann")
    await scene.look(scene.service())
    [outcome] = scene.outcomes(plan)
    assert (scene.did, outcome.status) == (["ann"], OutcomeStatus.DONE)
    assert scene.commit(outcome).refused == {}


async def test_what_a_dead_resumer_began_is_asked_about_and_done_as_people_say(scene: Scene) -> None:
    plan = scene.undone("ann")
    scene.lost(plan)
    await scene.look(scene.service())
    [question] = scene.ask_about_doubts()
    word = decided(question, DecisionKind.RESOLVE, at=utc_now(), by="ben", resolution=Resolution.RETRY)
    scene.commit(word)
    await scene.look(scene.service(worker="r2"))
    assert scene.did == ["begun", "ann"]


async def test_a_probe_settles_what_is_in_doubt(scene: Scene) -> None:
    plan = scene.undone("ann")
    scene.lost(plan)
    service = scene.service(probe=lambda _: True)
    await scene.look(service)
    await scene.look(service)
    assert scene.states(plan.plan_id) == ["SUCCEEDED"]


@pytest.mark.parametrize("of_service", [True, False], ids=["a service's undo", "what says that it undoes"])
def test_a_resumer_begins_nothing_of_a_service(scene: Scene, of_service: bool) -> None:
    if of_service:
        plan = scene.undone("ann", of_service=True)
    else:
        plan = lie("forged")
        scene.commit(scene.routed(plan))
    word = scene.cleared(plan).word
    with scene.resumers.connect() as conn, pytest.raises(ProgrammingError, match="row-level security"):
        claim_effect(conn, word.plan_id, word.digest, word.steps[0], "r1", utc_now())


async def test_a_reviewer_sees_what_became_of_an_undo(scene: Scene, logins: Logins) -> None:
    review = scene.ran("ann")
    scene.undo(review, by="ben")
    plan = scene.undo_plan()
    with logins.store(Role.REVIEWER) as store, store.begin() as conn:
        [found] = undo_plans_of(conn, review.plan_id)
    assert (found["plan_id"], found["state"]) == (str(plan.plan_id), "PUBLISHED")
