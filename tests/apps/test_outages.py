"""Broker and database go away and come back; the workers wait in place, and nothing is lost."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.postgres import PostgresServer
from tests.apps.world import CATALOGUE, World, decision, plan, until


def asked() -> ApprovalRequested:
    request = route(plan("send"), load_catalogue(CATALOGUE), now=datetime.now(UTC))
    assert isinstance(request, ApprovalRequested)
    return request


@pytest.mark.long
@pytest.mark.parametrize(
    "crash", [pytest.param(False, id="restart"), pytest.param(True, id="crash", marks=pytest.mark.slow)]
)
def test_a_broker_that_comes_back_finds_its_workers(
    own_kafka: ApacheKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path, crash: bool
) -> None:
    world = World(own_kafka, sqlite_url, topic_prefix, tmp_path)
    try:
        worker = world.start("router", "gatekeeper")
        before = [plan("look") for _ in range(300)]
        world.send(*before)
        own_kafka.kill() if crash else own_kafka.stop()
        own_kafka.start()
        after = [plan("look") for _ in range(300)]
        world.send(*after)
        routed = {each.plan_id for each in world.read(PlanCleared, 600, timeout_s=90)}
        assert routed == {each.plan_id for each in before + after}
        request = asked()
        world.send(request, decision(request))
        until(lambda: world.gate_state(request.request_id) == "APPROVED", 60)
        assert worker.process.poll() is None
    finally:
        world.close()


def test_a_database_that_comes_back_finds_its_gatekeeper(
    kafka: ApacheKafka, own_postgres: PostgresServer, topic_prefix: str, tmp_path: Path
) -> None:
    world = World(kafka, own_postgres.create_database("gates"), topic_prefix, tmp_path)
    try:
        worker = world.start("gatekeeper")
        requests = [asked() for _ in range(50)]
        world.send(*requests[:25])
        until(lambda: world.gate_state(requests[0].request_id) == "PENDING")
        own_postgres.kill()
        world.send(*requests[25:], *(decision(request) for request in requests))
        until(lambda: "the store is away" in worker.log.read_text())
        own_postgres.start()
        verdicts = world.read(PlanDecided, len(requests))
        assert {each.request_id for each in verdicts} == {each.request_id for each in requests}
        said = worker.log.read_text()
        assert "the store is back" in said
        assert said.count("the store is away") <= 4  # one for each of those who use it
        assert "password" not in said
    finally:
        world.close()


def test_resumers_are_told_of_ready_runs(postgres_world: World) -> None:
    world = postgres_world
    world.start("gatekeeper")
    with psycopg.connect(world.store_url, autocommit=True) as listener:
        listener.execute("LISTEN plangate_ready")
        request = asked()
        world.send(request, decision(request))
        told = next(listener.notifies(timeout=30), None)
    assert told is not None
    until(lambda: world.gate_state(request.request_id) == "APPROVED")


def test_a_store_that_nobody_created_is_waited_for(
    kafka: ApacheKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    world = World(kafka, sqlite_url, topic_prefix, tmp_path)
    try:
        worker = world.start("gatekeeper", store_url=f"sqlite:///{tmp_path / 'empty.db'}")
        request = asked()
        world.send(request)
        until(lambda: "no such table" in worker.log.read_text())
        assert world.lag("gatekeeper", "approval-requests") == 1
        assert worker.end() == 0  # at once: there is no use in waiting for it then
        assert world.lag("gatekeeper", "approval-requests") == 1
    finally:
        world.close()
