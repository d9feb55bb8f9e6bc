"""A topic that is deleted and made anew while workers run is read from its beginning, and written to."""

import os
import signal
from typing import Any

import pytest

from gate_events.records import PlanCleared, PlanDecided
from gate_events.topics import DEAD_LETTERS
from tests.apps.world import World, asked, decision, plan, until
from tests.topics import delete, make

OFTEN: Any = {"topics_looked_at_s": 0.5}


def test_what_is_made_anew_unseen_is_read_from_its_beginning(world: World) -> None:
    """Where the worker stands, the new topic has other records by the time it looks: nothing is amiss."""
    worker = world.start("router", "gatekeeper", instance="w", **OFTEN)
    before = asked("send")
    world.send(before, decision(before), *(plan("look") for _ in range(30)))
    world.read(PlanCleared, 30)
    world.read(PlanDecided, 1)
    until(lambda: world.lag("router", "plans") == world.lag("gatekeeper", "approval-requests") == 0)
    os.kill(worker.process.pid, signal.SIGSTOP)
    names = [world.prefix + topic for topic in ("plans", "approval-requests", "verdicts")]
    delete(world.kafka.client_options, *names)
    make(world.kafka.client_options, *names, partitions=3)
    after = [asked("send") for _ in range(30)]
    world.send(*after, *(plan("look") for _ in range(120)))
    os.kill(worker.process.pid, signal.SIGCONT)
    world.send(*(decision(each) for each in after))
    world.read(PlanCleared, 150)
    assert {each.request_id for each in world.read(PlanDecided, 30)} == {each.request_id for each in after}
    until(lambda: world.lag("router", "plans") == world.lag("gatekeeper", "approval-requests") == 0)
    with world.reader(DEAD_LETTERS.name) as reader:
        assert set(reader.ends().values()) == {0}
    assert f"topic {world.prefix}plans was made anew" in worker.log.read_text()


@pytest.mark.slow
def test_what_was_missing_is_read_by_a_worker_that_starts_again(world: World) -> None:
    """It is static: its group gives it what it had, which is nothing of what was missing then."""
    kafka = {**world.kafka.client_options, "session.timeout.ms": 30_000}
    first = world.start("router", instance="w", kafka=kafka, **OFTEN)
    world.send(plan("look"))
    world.read(PlanCleared, 1)
    delete(world.kafka.client_options, world.prefix + "plans")
    until(lambda: "not found in cluster metadata" in first.log.read_text())
    first.kill()
    make(world.kafka.client_options, world.prefix + "plans", partitions=3)
    world.send(*(plan("look") for _ in range(30)))
    world.start("router", instance="w", kafka=kafka, **OFTEN)
    world.read(PlanCleared, 31, 25)
