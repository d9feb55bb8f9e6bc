"""A gatekeeper whose store refuses it: nothing is acked, nothing is buried, and all goes on by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gate_events.records import PlanDecided
from gate_events.topics import DEAD_LETTERS
from gate_store.database import open_store
from plangate.dev.apache_kafka import ApacheKafka
from tests.apps.world import Worker, World, asked, decision, until
from tests.weather.refusals import Database, no_connection_left, read_only
from tests.weather.small_disk import SmallDisk
from tests.weather.test_refusing_broker import cpu_seconds

COUNT = 30
USERS = 4  # of the store: batches, clock, outbox; each says it once


@contextmanager
def full(disk: SmallDisk) -> Iterator[None]:
    disk.fill()
    yield
    disk.free()


def waits_out(world: World, worker: Worker, refusal: Callable[[], object]) -> None:
    before = [asked("send") for _ in range(COUNT)]
    after = [asked("send") for _ in range(COUNT)]
    world.send(*before)
    until(lambda: all(world.gate_state(request.request_id) == "PENDING" for request in before))
    with refusal():  # type: ignore[attr-defined] # a context manager
        world.send(*after, *(decision(request) for request in before + after))
        until(lambda: "the store is away" in worker.log.read_text())
        used = cpu_seconds(worker.process.pid)
        until(lambda: world.lag("gatekeeper", "approval-requests") <= COUNT)
        acked = 2 * COUNT - world.lag("gatekeeper", "decisions")
        assert acked <= len(world.dispositions()) < 2 * COUNT
        assert cpu_seconds(worker.process.pid) - used < 5
    verdicts = world.read(PlanDecided, 2 * COUNT)
    assert {each.request_id for each in verdicts} == {each.request_id for each in before + after}
    assert set(world.dispositions().values()) == {"DECIDED"}
    with world.reader(DEAD_LETTERS.name) as reader:
        assert set(reader.ends().values()) == {0}
    said = worker.log.read_text()
    assert 1 <= said.count("the store is away") <= USERS
    until(lambda: worker.log.read_text().count("the store is back") == said.count("the store is away"))
    assert "Traceback" not in said
    assert worker.end() == 0


@pytest.mark.slow
@pytest.mark.parametrize("refusal", [no_connection_left, read_only])
def test_a_gatekeeper_waits_for_a_database_that_refuses_it(
    kafka: ApacheKafka,
    database: Database,
    topic_prefix: str,
    tmp_path: Path,
    refusal: Callable[[Database], object],
) -> None:
    """A refusal is no fault of the records: none becomes a dead letter."""
    world = World(kafka, database.url, topic_prefix, tmp_path)
    world.store.dispose()
    world.store = open_store(database.admin_url)
    try:
        waits_out(world, world.start("gatekeeper"), lambda: refusal(database))
    finally:
        world.close()


@pytest.mark.slow
def test_a_gatekeeper_waits_for_room_on_its_disk(
    kafka: ApacheKafka, disk: SmallDisk, topic_prefix: str, tmp_path: Path
) -> None:
    disk.must_be_mounted_here()
    world = World(kafka, f"sqlite:///{disk.folder}/plangate.db", topic_prefix, tmp_path)
    try:
        waits_out(world, world.start("gatekeeper"), lambda: full(disk))
    finally:
        world.close()
