"""Servers that are reached in other ways than over the loopback port, and a place for what graphs do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_events.topics import TOPICS
from plangate.dev.mock_kafka import MockKafka
from plangate.dev.postgres import PostgresServer
from tests.cli.commands import CATALOGUE, Shell
from tests.connections.certificates import Certificates
from tests.connections.commands import Commands
from tests.connections.pgbouncer import PgBouncer
from tests.connections.reachable import reachable
from tests.services import own_folder, required


@pytest.fixture(autouse=True)
def _effects_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFECTS_LOG", str(tmp_path / "effects.log"))


@pytest.fixture
def commands(tmp_path: Path, mock_kafka: MockKafka, topic_prefix: str) -> Commands:
    mock_kafka.create_topics(*(f"{topic_prefix}{topic.name}" for topic in TOPICS))
    shell = Shell(
        tmp_path,
        {
            "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": mock_kafka.bootstrap_servers,
            "PLANGATE_TOPIC_PREFIX": topic_prefix,
        },
    )
    shell.write("catalogue.yaml", CATALOGUE)
    return Commands(shell)


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    with own_folder() as folder:
        yield Certificates(folder)


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[PostgresServer]:
    """PostgreSQL that speaks TLS and has a socket."""
    with own_folder() as folder, required(), reachable(folder, certificates) as server:
        yield server


@pytest.fixture(params=["transaction", "statement"])
def lending_pooler(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    with own_folder() as folder, required(), PgBouncer(folder, postgres_server, request.param) as pooler:
        yield pooler


@pytest.fixture
def session_pooler(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    with own_folder() as folder, required(), PgBouncer(folder, postgres_server, "session") as pooler:
        yield pooler
