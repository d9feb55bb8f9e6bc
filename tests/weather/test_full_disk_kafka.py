"""A broker whose log directory has no room stops; when there is room and it is started, all goes on."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_events.records import PlanCleared
from plangate.dev.apache_kafka import ApacheKafka
from tests.apps.world import World, plan, until
from tests.services import own_folder, required
from tests.weather.small_disk import SmallDisk, small_disk


@pytest.fixture
def roomy_disk() -> Iterator[SmallDisk]:
    with own_folder() as folder, required(), small_disk(folder, "64m") as disk:
        yield disk


@pytest.mark.slow
def test_plans_wait_for_a_broker_whose_disk_is_full(
    roomy_disk: SmallDisk, sqlite_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with required(), ApacheKafka(roomy_disk.folder) as kafka:
        world = World(kafka, sqlite_url, topic_prefix, tmp_path)
        try:
            worker = world.start("router")
            before = [plan("look") for _ in range(50)]
            world.send(*before)
            until(lambda: world.lag("router", "plans") == 0)
            roomy_disk.fill()
            for _ in range(200):
                world.producer.produce(f"{topic_prefix}incidents", os.urandom(2_000))
            world.producer.poll(0)
            until(lambda: not kafka.is_running)
            time.sleep(4)
            assert worker.process.poll() is None
            roomy_disk.free()
            kafka.start()
            after = [plan("look") for _ in range(50)]
            world.send(*after)
            cleared = world.read(PlanCleared, 100)
            assert {each.plan_id for each in cleared} == {each.plan_id for each in before + after}
            assert worker.process.poll() is None
        finally:
            world.close()
