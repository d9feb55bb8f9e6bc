"""A topic that is deleted and made anew while workers run is read from its beginning, and written to."""

import os
import signal
from contextlib import suppress
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.cimpl import NewTopic

from gate_events.records import PlanCleared, PlanDecided
from gate_events.topics import DEAD_LETTERS
from plangate.dev.topics import quiet_admin
from tests.apps.world import World, asked, decision, plan, until

PARTITIONS = 3
OFTEN: Any = {"topics_looked_at_s": 0.5}


def delete(world: World, *topics: str) -> None:
    admin = quiet_admin(world.kafka.client_options)
    for future in admin.delete_topics([world.prefix + topic for topic in topics]).values():
        future.result(30)


def make(world: World, *topics: str) -> None:
    """As soon as their deletion is through."""
    admin = quiet_admin(world.kafka.client_options)

    def made(name: str) -> bool:
        with suppress(KafkaException):
            admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(30)
        found = admin.list_topics(name, timeout=10).topics[name]
        return len(found.partitions) == PARTITIONS

    for topic in topics:
        until(lambda name=world.prefix + topic: made(name))  # type: ignore[misc] # bound at once


def test_what_is_made_anew_unseen_is_read_from_its_beginning(world: World) -> None:
    """Where the worker stands, the new topic has other records by the time it looks: nothing is amiss."""
    worker = world.start("router", "gatekeeper", instance="w", **OFTEN)
    before = asked("send")
    world.send(before, decision(before), *(plan("look") for _ in range(30)))
    world.read(PlanCleared, 30)
    world.read(PlanDecided, 1)
    until(lambda: world.lag("router", "plans") == world.lag("gatekeeper", "approval-requests") == 0)
    os.kill(worker.process.pid, signal.SIGSTOP)
    delete(world, "plans", "approval-requests", "verdicts")
    make(world, "plans", "approval-requests", "verdicts")
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
    delete(world, "plans")
    until(lambda: "not found in cluster metadata" in first.log.read_text())
    first.kill()
    make(world, "plans")
    world.send(*(plan("look") for _ in range(30)))
    world.start("router", instance="w", kafka=kafka, **OFTEN)
    world.read(PlanCleared, 31, 25)
