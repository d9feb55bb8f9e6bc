"""Outcomes on real Kafka, and a gatekeeper that goes on whatever they say."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from gate_events.records import PlanCleared, PlanExecuted
from gate_events.words import OutcomeStatus, StepStatus
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.ledger import claim_effect, finish_effect
from gate_store.tables import clearances
from tests.apps.test_gatekeeper import asked
from tests.apps.world import CATALOGUE, World, outcome, plan, until

_CATALOGUE = load_catalogue(CATALOGUE)


def routed(*action_types: str, **fields: Any) -> PlanCleared:
    cleared = route(plan(*action_types, **fields), _CATALOGUE, now=datetime.now(UTC))
    assert isinstance(cleared, PlanCleared)
    return cleared


def in_doubt(cleared: PlanCleared) -> PlanExecuted:
    """An outcome that cannot tell about step 1, whatever the plan's steps are."""
    (first, *_) = outcome(cleared).results
    told = msgspec.structs.replace(first, step_id="1", status=StepStatus.IN_DOUBT)
    return msgspec.structs.replace(outcome(cleared), status=OutcomeStatus.FAILED, results=(told,))


def test_an_outcome_that_doubts_a_step_of_another_revision_stops_no_gatekeeper(world: World) -> None:
    world.start("gatekeeper")
    first = routed("look", "look")
    again = plan("look", "look", plan_id=first.plan_id, revision=2)
    second = route(msgspec.structs.replace(again, steps=again.steps[1:]), _CATALOGUE, now=datetime.now(UTC))
    assert isinstance(second, PlanCleared)
    world.send(first)
    until(lambda: _cleared(world) == {first.digest})
    now, step = datetime.now(UTC), first.steps[0]
    with world.store.begin() as conn:
        claim = claim_effect(conn, first.plan_id, first.digest, step, "mailer", now)
        assert finish_effect(conn, claim, StepStatus.IN_DOUBT, now)
    world.send(second)
    until(lambda: world.lag("gatekeeper", "auto-execute") == 0)
    world.send(in_doubt(second))
    request = asked("send")
    world.send(request)
    until(lambda: world.gate_state(request.request_id) == "PENDING")


def _cleared(world: World) -> set[str]:
    with world.store.connect() as conn:
        return {row.digest for row in conn.execute(clearances.select())}
