"""A worker that starts in bad weather waits for it to end; its supervisor has nothing to start again."""

import time
from pathlib import Path

import pytest

from gate_events.records import PlanCleared
from plangate.dev.apache_kafka import ApacheKafka
from tests.apps.world import World, plan, until


@pytest.mark.slow
def test_apps_that_start_without_a_broker_wait_for_it(
    own_kafka: ApacheKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    world = World(own_kafka, sqlite_url, topic_prefix, tmp_path)
    world.send(plan("look"))
    try:
        own_kafka.stop()
        worker = world.start("router", "gatekeeper", wait=False)
        until(lambda: "Kafka is away" in worker.log.read_text())
        time.sleep(6)
        assert worker.process.poll() is None, worker.log.read_text()
        said = worker.log.read_text().splitlines()
        assert len(said) < 20, said
        other = world.start("router", wait=False)
        until(lambda: "Kafka is away" in other.log.read_text())
        assert other.end() == 0  # when told to, without ever having begun
        own_kafka.start()
        assert len(world.read(PlanCleared, 1)) == 1
        said = worker.log.read_text().splitlines()
        assert sum("Kafka is away" in line for line in said) == sum("Kafka is back" in line for line in said)
        assert worker.end() == 0
    finally:
        world.close()
