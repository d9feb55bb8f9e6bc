"""docker-compose.yml without Docker: its broker's settings and its commands as processes of this machine."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from psycopg import sql
from sqlalchemy import make_url

from plangate.dev.ports import LOOPBACK
from plangate.dev.postgres import PostgresServer
from plangate.dev.registry import SchemaRegistry
from tests import services as test_services
from tests.account import note
from tests.cli.project import STARTS_S, until
from tests.packaging.compose_file import services, workers
from tests.packaging.composed import PROJECT, Composed
from tests.packaging.composed_kafka import ComposedKafka


@pytest.fixture
def passwords(tmp_path: Path) -> Composed:
    """The passwords are made, and no more."""
    made = Composed(tmp_path, {})
    made.make_passwords()
    return made


@pytest.fixture
def broker(request: pytest.FixtureRequest, passwords: Composed) -> Iterator[ComposedKafka]:
    """Apache Kafka with the file's settings."""
    with (
        test_services.own_folder() as folder,
        test_services.required(),
        ComposedKafka(folder, passwords.secrets("kafka")) as broker,
    ):
        note(request.node, f"Apache Kafka {broker.version}")
        yield broker


@pytest.fixture
def composed(passwords: Composed, broker: ComposedKafka) -> Composed:
    """Its broker runs, and nobody is known there yet."""
    here = {"kafka:19092": broker.containers, "localhost:9094": broker.internal}
    here |= dict.fromkeys(("0.0.0.0:9464", "127.0.0.1:9464"), "127.0.0.1:0")  # of containers, of one machine
    return Composed(passwords.folder, here)


@pytest.fixture
def stack(composed: Composed, own_postgres: PostgresServer, registry: SchemaRegistry) -> Composed:
    """PostgreSQL and the registry run, too."""
    password = (composed.secrets("postgres") / "password").read_text()
    with psycopg.connect(own_postgres.url(), autocommit=True) as conn:
        conn.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(password)))
    composed.postgres_is_at(own_postgres.port)
    address: str = services()["router"]["environment"]["PLANGATE_SCHEMA_REGISTRY_URL"]
    return Composed(composed.folder, {**composed.here, address: registry.url})


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_the_commands_of_the_file_carry_a_plan_from_its_graph_to_its_effect(stack: Composed) -> None:
    before = {path: path.read_bytes() for path in PROJECT.iterdir() if path.is_file()}
    for _ in range(2):  # `up` on what was up before
        for service in ("kafka-setup", "store-setup"):
            stack.run(service)
    _keeps_databases_apart(stack)
    with ExitStack() as running:
        processes = [running.enter_context(stack.started(service)) for service in workers()]
        logs = [stack.folder / f"{app}.log" for app in ("router", "gatekeeper")]
        until(lambda: all("serves" in log.read_text() for log in logs), STARTS_S)
        stack.run("agent", "submit", "refunds", "--input", '{"orders": ["A17"]}')
        gate = until(lambda: json.loads(stack.run("plangate", "pending", "--json")))[0]["request_id"]
        for service in ("agent", "auditor", "resumer"):
            refused = stack.ended(service, "approve", gate, "--yes", "--by", "eva")
            assert refused.returncode == 1, refused.stdout
        stack.run("plangate", "approve", gate, "--yes", "--by", "eva")
        until(lambda: json.loads(stack.run("auditor", "runs", "--status", "DONE", "--json")))
        assert {service: stack.is_healthy(service) for service in workers()} == dict.fromkeys(workers(), True)
        assert json.loads(stack.run("admin", "dead-letters", "list", "--json")) == []
        assert [process.poll() for process in processes] == [None, None, None]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert (stack.work("resumer") / "refunds.txt").read_text() == "A17 20.00\n"
    assert {path: path.read_bytes() for path in PROJECT.iterdir() if path.is_file()} == before


@pytest.mark.kafka
def test_the_broker_of_the_file_lets_in_who_has_a_password_and_to_what_an_acl_allows(
    composed: Composed, broker: ComposedKafka
) -> None:
    composed.run("kafka-setup")
    for address in (broker.containers, broker.bootstrap_servers):
        client = AdminClient({**_login(composed, "router"), "bootstrap.servers": address})
        metadata = client.list_topics(timeout=10)
        (node,) = metadata.brokers.values()
        assert f"{node.host}:{node.port}" == address
        assert node.host == LOOPBACK
        assert set(metadata.topics) == {"plans", "auto-execute", "approval-requests", "dead-letters"}
    of_another = {**_login(composed, "router"), "sasl.username": "resumer"}
    super_user = {**broker.client_options, "bootstrap.servers": broker.containers}
    nobody = {"bootstrap.servers": broker.containers}
    for options in (of_another, super_user, nobody):
        silent: dict[str, Any] = {**options, "error_cb": lambda _error: None, "log_level": 0}
        with pytest.raises(KafkaException):
            AdminClient(silent).list_topics(timeout=2)


def _keeps_databases_apart(stack: Composed) -> None:
    """The registry has one of its own, which nobody else of the stack enters."""
    of_router = make_url((stack.secrets("router") / "store-url").read_text())
    properties = (stack.secrets("registry") / "registry.properties").read_text()
    of_registry = of_router.set(username="registry", password=properties.strip().partition("=")[2])
    mine = of_registry.set(database="registry")
    psycopg.connect(mine.render_as_string(hide_password=False)).close()
    for url in (of_registry, of_router.set(database="registry")):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url.render_as_string(hide_password=False))


def _login(composed: Composed, service: str) -> dict[str, str]:
    """A service's options, as its own environment gives them."""
    given = composed.environment(service)
    prefix = "PLANGATE_KAFKA_"
    options = {
        name.removeprefix(prefix).lower().replace("_", "."): value
        for name, value in given.items()
        if name.startswith(prefix) and not name.endswith("_FILE")
    }
    return {**options, "sasl.password": Path(given[f"{prefix}SASL_PASSWORD_FILE"]).read_text()}


def test_each_party_has_passwords_of_its_own_that_nobody_else_reads(passwords: Composed) -> None:
    files = [path for path in passwords.folder.rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in files if "secrets" in path.parts} == {"0o600"}
    of_parties = {name: passwords.secrets(name) / "kafka-password" for name in workers()}
    assert len({path.read_text() for path in of_parties.values()}) == len(workers())
    assert not set((passwords.secrets("resumer")).iterdir()) - {
        of_parties["resumer"],
        passwords.secrets("resumer") / "store-url",
    }
    before = {path: path.read_bytes() for path in files}
    passwords.make_passwords()
    assert {path: path.read_bytes() for path in files} == before
