"""Settings: a file, variables over it, the clients' options passed through, and no secret in sight."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from gate_store import migrate
from plangate.cli.failures import line_for
from plangate.cli.plan_files import read_plan
from plangate.settings import SettingsError, load_settings
from plangate.wiring import name_agent
from plangate.worker.apps_wiring import apps_config
from stream_apps.kafka_options import faust_settings
from stream_apps.resumer.config import ResumerConfig
from tests.cli.commands import CATALOGUE, PLAN, SECRET

URL = f"postgresql://me:{SECRET}@127.0.0.1:1/gates"
FILE = f"""\
partitions = 3
topic_prefix = "t-"
store_url = "{URL}"

[kafka]
"bootstrap.servers" = "k1:9093,k2:9093"
security.protocol = "SASL_SSL"
sasl.mechanism = "SCRAM-SHA-512"
sasl.username = "me"
sasl.password = "{SECRET}"
session.timeout.ms = 6000
socket.keepalive.enable = true
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plangate.toml").write_text(FILE)
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    return tmp_path


def test_variables_win_over_the_file_and_the_file_over_defaults(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_PARTITIONS", "5")
    settings = load_settings()
    assert (settings.partitions, settings.topic_prefix, settings.attempts) == (5, "t-", 3)


def test_a_variable_wins_for_one_option_and_leaves_the_file_s_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_KAFKA_SASL_USERNAME", "you")
    options = load_settings().kafka_options
    assert (options["sasl.username"], options["sasl.password"]) == ("you", SECRET)


def test_dotted_toml_keys_numbers_and_booleans_are_the_clients_options(folder: Path) -> None:
    options = load_settings().kafka_options
    assert options["bootstrap.servers"] == "k1:9093,k2:9093"
    assert options["session.timeout.ms"] == "6000"
    assert options["socket.keepalive.enable"] == "true"


def test_the_same_options_reach_librdkafka_and_faust(folder: Path) -> None:
    config = apps_config(load_settings(), frozenset({"router"}), "here-0")
    theirs = faust_settings(config.kafka)
    assert config.kafka["security.protocol"] == "SASL_SSL"
    assert theirs["broker"] == "kafka://k1:9093;kafka://k2:9093"
    assert theirs["broker_session_timeout"] == 6.0
    assert theirs["broker_credentials"].password == SECRET
    assert theirs["broker_credentials"].mechanism.value == "SCRAM-SHA-512"
    assert theirs["broker_credentials"].ssl_context is not None


def test_no_secret_is_in_a_repr(folder: Path) -> None:
    settings = load_settings()
    resumer = ResumerConfig(settings.store_url, folder, "", Mock(), Mock(), Mock(), Mock())
    shown = [settings, apps_config(settings, frozenset(), ""), resumer, settings.store_shown]
    assert SECRET not in " ".join(map(repr, shown))
    assert "127.0.0.1:1/gates" in settings.store_shown


def test_no_secret_is_in_what_a_store_that_does_not_answer_says(folder: Path) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - psycopg's and SQLAlchemy's own words are looked at
        migrate.behind(load_settings().store_url)
    line = line_for(caught.value)
    assert line is not None
    assert line.startswith("the store does not answer")
    assert SECRET not in f"{line} {caught.value!r} {caught.value}"


@pytest.mark.parametrize("option", ["store_url", "kafka", "schema_registry"])
def test_no_secret_is_in_what_a_wrong_setting_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    (folder / "plangate.toml").write_text(f'{option} = "{SECRET}"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert option in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_whole_group_of_options_in_one_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_KAFKA", SECRET)
    with pytest.raises(SettingsError, match="PLANGATE_KAFKA: no such setting") as caught:
        load_settings()
    assert SECRET not in str(caught.value)


def test_the_agent_of_the_file_names_plans_without_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_AGENT", "")  # so that the test puts back what is set below
    monkeypatch.delenv("PLANGATE_AGENT")
    (folder / "plangate.toml").write_text('agent = "billing"\n')
    (folder / "plan.json").write_text(PLAN)
    name_agent(load_settings())
    assert read_plan(folder / "plan.json").agent.name == "billing"
