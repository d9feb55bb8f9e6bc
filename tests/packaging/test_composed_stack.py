"""docker-compose.yml without Docker: its broker's settings and its commands as processes of this machine."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from plangate.dev.ports import LOOPBACK
from plangate.dev.registry import SchemaRegistry
from tests import services as test_services
from tests.account import note
from tests.packaging.compose_file import ROOT, environment, ours, services
from tests.packaging.composed_kafka import ComposedKafka

COMMAND = Path(sys.executable).with_name("plangate")
PROJECT = ROOT / "examples/refunds"


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[ComposedKafka]:
    """Apache Kafka with the file's settings."""
    with (
        test_services.own_folder() as folder,
        test_services.required(),
        ComposedKafka(folder) as broker,
    ):
        note(request.node, f"Apache Kafka {broker.version}")
        yield broker


class Composed:
    """The services of the file, with only hosts and ports replaced."""

    def __init__(self, folder: Path, here: Mapping[str, str]) -> None:
        self.folder = folder  # what the volume is in the container
        self._here = dict(here)

    def environment(self, service: str) -> dict[str, str]:
        return environment(service, **self._here)

    def run(self, service: str, *command: str) -> str:
        """A one-shot service to its end."""
        done = subprocess.run(
            [COMMAND, *(command or services()[service]["command"])],
            cwd=self.folder,
            env=self.environment(service),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def started(self, service: str) -> Iterator[subprocess.Popen[bytes]]:
        """A service that stays."""
        with (self.folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                [COMMAND, *services()[service]["command"]],
                cwd=self.folder,
                env=self.environment(service),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def composed(broker: ComposedKafka, postgres_url: str, registry: SchemaRegistry, tmp_path: Path) -> Composed:
    here = {
        "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": broker.containers,
        "PLANGATE_STORE_URL": postgres_url,
        "PLANGATE_SCHEMA_REGISTRY_URL": registry.url,
        "PLANGATE_CATALOGUE": str(PROJECT / "catalogue.yaml"),
        "PLANGATE_GRAPHS": str(PROJECT / "langgraph.json"),
    }
    (tmp_path / "volume").mkdir()
    return Composed(tmp_path / "volume", here)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_the_commands_of_the_file_carry_a_plan_from_its_graph_to_its_effect(composed: Composed) -> None:
    before = {path: path.read_bytes() for path in PROJECT.iterdir() if path.is_file()}
    for service in ("topics", "store"):
        composed.run(service)
    with ExitStack() as running:
        processes = [running.enter_context(composed.started(service)) for service in ("apps", "resumer")]
        composed.run("plangate", "submit", "refunds", "--input", '{"orders": ["A17"]}')
        gate = _until(lambda: json.loads(composed.run("plangate", "pending", "--json")))[0]
        composed.run("plangate", "approve", gate["request_id"], "--yes")
        _until(lambda: json.loads(composed.run("plangate", "runs", "--status", "DONE", "--json")))
        for service in ("apps", "resumer"):
            composed.run(service, *_health_command(service))
        assert [process.poll() for process in processes] == [None, None]
    assert [process.returncode for process in processes] == [0, 0]
    assert (composed.folder / "refunds.txt").read_text() == "A17 20.00\n"
    assert {path: path.read_bytes() for path in PROJECT.iterdir() if path.is_file()} == before


@pytest.mark.kafka
def test_the_broker_of_the_file_tells_containers_and_this_machine_apart(broker: ComposedKafka) -> None:
    for address in (broker.containers, broker.bootstrap_servers):
        client = AdminClient({"bootstrap.servers": address})
        (metadata,) = client.list_topics(timeout=10).brokers.values()
        assert f"{metadata.host}:{metadata.port}" == address
        assert metadata.host == LOOPBACK


def test_every_service_of_ours_has_a_command_and_workers_ask_the_doctor() -> None:
    assert set(ours()) == {"topics", "store", "apps", "resumer", "plangate"}
    assert _health_command("apps") == _health_command("resumer") == ["doctor"]


def _health_command(service: str) -> list[str]:
    test: list[str] = services()[service]["healthcheck"]["test"]
    cmd, program, *arguments = test
    assert (cmd, program) == ("CMD", "plangate")
    return arguments


def _until(look: Callable[[], list[dict[str, str]]]) -> list[dict[str, str]]:
    deadline = time.monotonic() + 90
    while not (found := look()):
        assert time.monotonic() < deadline
    return found
