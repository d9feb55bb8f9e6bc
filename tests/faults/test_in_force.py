"""The laboratory on somebody's own cluster and database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from gate_store import migrate
from gate_store.database import open_store, utc_now
from gate_store.runs import register_run
from plangate.dev.apache_kafka import ApacheKafka
from plangate.settings import load_settings
from plangate.torture.lab import Orders, torture
from plangate.torture.stack import StoreInUseError, in_force
from tests.faults.test_torture import cases
from tests.services import own_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_it_works_on_the_settings_in_force_with_topics_of_its_own(
    kafka: ApacheKafka, postgres_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("PLANGATE_STORE_URL", postgres_url)
    monkeypatch.setenv("PLANGATE_KAFKA_SESSION_TIMEOUT_MS", "8000")  # for each dead consumer
    orders = Orders(runs=20, kills=2, workers=1, seed=3)
    with in_force(folder, orders.seed, orders.lease_s, yes=False) as stack:
        found = torture(stack, folder, orders, lambda *_: None)
    assert stack.settings.topic_prefix.startswith("torture-3-")
    there = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=10).topics
    assert [name for name in there if name.startswith("torture-3-")] == []
    assert found.clean, cases(found.findings)
    assert found.counts["kills"] == 2
    assert load_settings().topic_prefix == ""


def test_a_store_with_runs_of_others_is_refused(
    sqlite_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_STORE_URL", sqlite_url)
    migrate.upgrade(sqlite_url)
    with open_store(sqlite_url).begin() as conn:
        register_run(conn, "theirs", "billing", "agent", 30, utc_now())
    with pytest.raises(StoreInUseError, match=r"already \(1\)"), in_force(folder, 1, 6.0, yes=False):
        pass
