import ipaddress
import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plangate.dev.apache_kafka import ApacheKafka
from plangate.settings import load_settings
from tests.packaging.compose_file import OUR_IMAGE, ROOT, broker_properties, environment, ours, services


@pytest.mark.parametrize("service", ours())
def test_every_plangate_variable_is_a_setting_and_means_what_it_says(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = environment(service)
    for name in given:
        if name.startswith("PLANGATE_"):
            monkeypatch.setenv(name, given[name])
    settings = load_settings()
    assert settings.bootstrap_servers == "kafka:19092"
    assert settings.store_url == "postgresql://plangate:development-only@postgres:5432/plangate"
    assert settings.schema_registry == {"url": "http://registry:8080/apis/ccompat/v7"}
    assert str(settings.catalogue) == "/project/catalogue.yaml"
    assert str(settings.graphs) == "/project/langgraph.json"
    assert settings.reviewer == ""  # USER, where Compose knows it


def test_the_store_url_names_the_user_password_and_database_that_postgresql_makes() -> None:
    url = urlsplit(environment("apps")["PLANGATE_STORE_URL"])
    made = services()["postgres"]["environment"]
    assert (url.username, url.password, url.path) == (
        made["POSTGRES_USER"],
        made["POSTGRES_PASSWORD"],
        f"/{made['POSTGRES_DB']}",
    )


def test_the_only_secret_in_the_file_says_that_it_is_for_development() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = re.findall(r"(?i)(?:password|secret|token)\w*(?:: |=)(\S+)", text)
    assert secrets == ["${POSTGRES_PASSWORD:-development-only}"]
    assert "plangate:${POSTGRES_PASSWORD:-development-only}@" in text


def test_every_port_is_published_on_the_loopback_address_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(ipaddress.ip_address(port.split(":")[0]).is_loopback for port in published)


def test_images_have_a_name_and_a_version_and_come_from_the_default_registry() -> None:
    for service in services().values():
        name, _, tag = service["image"].partition(":")
        assert re.fullmatch(r"[a-z-]+(/[a-z-]+)?", name)
        assert re.fullmatch(r"\d+(\.\d+)*", tag)


def test_one_service_alone_builds_our_image_and_comes_up_without_a_profile() -> None:
    (builder,) = (service for service in services().values() if "build" in service)
    assert builder["image"] == OUR_IMAGE
    assert "profiles" not in builder


def test_our_image_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"plangate:{project['version']}" == OUR_IMAGE


def test_the_broker_is_the_version_that_the_suite_runs_on(tmp_path: Path) -> None:
    assert services()["kafka"]["image"] == f"apache/kafka:{ApacheKafka(tmp_path).version}"


def test_our_services_run_without_rights_that_they_do_not_need() -> None:
    for service in ours().values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("service", services())
def test_a_service_waits_only_for_what_can_come_true(service: str) -> None:
    for other, waits in services()[service].get("depends_on", {}).items():
        if waits["condition"] == "service_healthy":
            assert services()[other]["healthcheck"]["test"][0] == "CMD"  # no shell
        else:
            assert waits["condition"] == "service_completed_successfully"
            assert "restart" not in services()[other]


def test_the_broker_keeps_the_properties_of_the_development_broker_that_matter(tmp_path: Path) -> None:
    composed = broker_properties(services()["kafka"]["environment"])
    lines = ApacheKafka(tmp_path)._properties().splitlines()
    development = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    same = [
        name
        for name in development
        if name.endswith(("replication.factor", "min.isr")) or name.startswith("auto.create")
    ]
    assert len(same) == 7
    same += ["process.roles", "node.id", "controller.listener.names", "group.initial.rebalance.delay.ms"]
    assert {name: composed[name] for name in same} == {name: development[name] for name in same}
