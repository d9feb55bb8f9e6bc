import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from plangate.containers.passwords import SPEAKING, STORING
from plangate.dev.apache_kafka import ApacheKafka
from plangate.settings import load_settings
from tests.packaging import dockerfile
from tests.packaging.compose_file import (
    OUR_IMAGE,
    ROOT,
    SECRETS,
    broker_properties,
    mounts,
    ours,
    services,
    whole,
    workers,
)
from tests.packaging.composed import Composed

GRAPHS = ("resumer", "agent")  # they run code of graphs
ROLES = {"plangate": "reviewer"}  # what a service is on Kafka and in the store, where it is called otherwise
SET_UP = {"passwords", "kafka-setup", "store-setup"}
IMAGE = re.compile(r"(?P<name>[a-z-]+(/[a-z-]+)?):(?P<tag>\d+(\.\d+)*(-slim)?)@sha256:[0-9a-f]{64}")


@pytest.fixture
def composed(tmp_path: Path) -> Composed:
    made = Composed(tmp_path, {})
    made.make_passwords()
    return made


@pytest.mark.parametrize("service", sorted(set(ours()) - SET_UP))
def test_a_service_speaks_as_its_role_with_passwords_from_files(
    service: str, composed: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = ROLES.get(service, service)
    for name, value in composed.environment(service).items():
        if name.startswith("PLANGATE_"):
            monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.bootstrap_servers == "kafka:19092"
    assert settings.kafka["security.protocol"] == "SASL_PLAINTEXT"
    assert settings.kafka["sasl.username"] == role
    assert settings.kafka["sasl.password"] == (composed.secrets(role) / "kafka-password").read_text()
    assert settings.store_url.startswith(f"postgresql://{role}:") is (role in STORING)
    assert bool(settings.schema_registry) is (service not in GRAPHS)
    assert mounts(service)[SECRETS] == f"secrets-{role}"


def test_everybody_who_speaks_is_a_service_and_has_passwords() -> None:
    assert {ROLES.get(service, service) for service in set(ours()) - SET_UP} == set(SPEAKING)
    made = [party.partition("=")[0] for party in services()["passwords"]["command"][1:]]
    assert {f"secrets-{party}" for party in made} == {
        volume for volume in whole()["volumes"] if volume.startswith("secrets-")
    }
    assert mounts("passwords") == {
        "/secrets": "passwords",
        **{f"/secrets/{party}": f"secrets-{party}" for party in made},
    }


def test_a_volume_of_secrets_is_mounted_by_its_owner_alone_who_cannot_write_it() -> None:
    readers: dict[str, list[str]] = {}
    for service in set(services()) - {"passwords"}:
        for target, source in mounts(service).items():
            if source.startswith(("secrets-", "passwords")):
                readers.setdefault(source, []).append(service)
                assert target == SECRETS
                assert f"{source}:{SECRETS}:ro" in services()[service]["volumes"]
    assert sorted(readers.pop("secrets-setup")) == ["kafka-setup", "store-setup"]
    assert all(len(some) == 1 for some in readers.values())


def test_the_files_of_secrets_are_those_of_the_user_who_reads_them() -> None:
    owners = dict(party.split("=") for party in services()["passwords"]["command"][1:])
    (adds,) = (line for line in dockerfile.of("RUN") if line.startswith("useradd"))
    (our_user,) = re.findall(r"--uid (\d+)", adds)
    for service in set(services()) - {"passwords"}:
        user = services()[service].get("user", our_user).partition(":")[0]
        assert owners[mounts(service)[SECRETS].removeprefix("secrets-")] == user


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    said = re.findall(r"(?i)\b\w*(?:password|secret|token)\w*(?:=|: )(\S+)", text)
    assert [word for word in said if "/run/secrets" not in word and not word.startswith(("{", "["))] == []


def test_every_port_is_published_on_the_loopback_address_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(ipaddress.ip_address(port.split(":")[0]).is_loopback for port in published)


@pytest.mark.parametrize("service", GRAPHS)
def test_code_of_graphs_reaches_kafka_and_postgresql_and_nothing_else(service: str) -> None:
    (network,) = services()[service]["networks"]
    assert whole()["networks"][network] == {"internal": True}
    reached = {name for name, other in services().items() if network in other.get("networks", [])}
    assert reached - set(GRAPHS) == {"kafka", "postgres"}


def test_who_runs_no_code_of_graphs_does_not_even_see_it() -> None:
    for service in set(ours()) - set(GRAPHS) - SET_UP:
        assert "/project" not in mounts(service)
        assert mounts(service)["/project/catalogue.yaml"] == "./examples/refunds/catalogue.yaml"
        assert whole()["networks"]["gate"] == {"internal": True}
        assert services()[service]["networks"] == ["gate"]


def test_images_of_others_are_named_by_version_and_digest_and_come_from_the_default_registry() -> None:
    others = [each["image"] for each in services().values() if each["image"] != OUR_IMAGE]
    bases = {line.split()[0] for line in dockerfile.of("FROM")}
    assert len(others) == 3
    assert len(bases) == 1
    assert [image for image in (*others, *bases) if not IMAGE.fullmatch(image)] == []


def test_one_service_alone_builds_our_image_and_comes_up_without_a_profile() -> None:
    (builder,) = (service for service in services().values() if "build" in service)
    assert builder["image"] == OUR_IMAGE
    assert "profiles" not in builder


def test_our_image_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"plangate:{project['version']}" == OUR_IMAGE


def test_the_broker_is_the_version_that_the_suite_runs_on(tmp_path: Path) -> None:
    image = IMAGE.fullmatch(services()["kafka"]["image"])
    assert image
    assert (image["name"], image["tag"]) == ("apache/kafka", ApacheKafka(tmp_path).version)


@pytest.mark.parametrize("service", services())
def test_a_service_runs_without_rights_that_it_does_not_need(service: str) -> None:
    given: dict[str, Any] = services()[service]
    assert given["cap_drop"] == ["ALL"]
    assert given.get("cap_add", []) == (["CHOWN"] if service == "passwords" else [])
    assert given["read_only"] is True
    assert given["init"] is True
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert given.get("user", "") != "root" or given["network_mode"] == "none"


@pytest.mark.parametrize("service", services())
def test_a_service_waits_only_for_what_can_come_true(service: str) -> None:
    for other, waits in services()[service].get("depends_on", {}).items():
        if waits["condition"] == "service_healthy":
            assert services()[other]["healthcheck"]["test"][0] == "CMD"  # no shell
        else:
            assert waits["condition"] == "service_completed_successfully"
            assert "restart" not in services()[other]


def test_a_worker_is_watched_in_its_network_but_not_from_where_code_of_graphs_runs() -> None:
    listens = {
        service: given["environment"]["PLANGATE_METRICS_LISTEN"].partition(":")[0] == "127.0.0.1"
        for service, given in services().items()
        if "PLANGATE_METRICS_LISTEN" in given.get("environment", {})
    }
    assert listens == {service: service in GRAPHS for service in ("router", "gatekeeper", "resumer")}


def test_workers_ask_the_doctor_for_the_rights_of_their_role() -> None:
    assert set(workers()) == {"router", "gatekeeper", "resumer"}
    for service, given in workers().items():
        assert given["command"] == ["worker", "--only", service]
        well = f"plangate doctor --role {service} || [ $? -eq 2 ]"  # 2: worth a look
        assert given["healthcheck"]["test"] == ["CMD-SHELL", well]


def test_the_broker_keeps_the_properties_of_the_development_broker_that_matter(tmp_path: Path) -> None:
    composed = broker_properties(services()["kafka"]["environment"])
    lines = ApacheKafka(tmp_path, users=["router"])._properties().splitlines()
    development = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    same = [
        name
        for name in development
        if name.endswith(("replication.factor", "min.isr")) or name.startswith("auto.create")
    ]
    assert len(same) == 7
    same += ["process.roles", "node.id", "controller.listener.names", "group.initial.rebalance.delay.ms"]
    same += ["authorizer.class.name", "allow.everyone.if.no.acl.found", "sasl.enabled.mechanisms"]
    assert {name: composed[name] for name in same} == {name: development[name] for name in same}
