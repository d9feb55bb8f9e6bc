"""Alert rules and dashboard ask for metrics that a worker has, by labels that they have."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.registry import Collector

from plangate.worker.catalogue_in_force import CatalogueInForce
from plangate.worker.endpoint.asked import Asked
from plangate.worker.endpoint.kafka_metrics import KafkaMetrics
from plangate.worker.endpoint.open import TreeMetrics
from plangate.worker.endpoint.store_metrics import StoreMetrics, StoreQuestion
from plangate.worker.supervisor import Supervisor
from stream_apps.metrics import REGISTRY
from tests.docs.markdown import ROOT
from tests.stores import migrated

FOLDER = ROOT / "docs" / "monitoring"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
ALERTS = FOLDER / "alerts.yaml"
NAME = re.compile(r"\b(?:plangate|messaging)_[a-z0-9_]+")
SELECTOR = re.compile(r"\b((?:plangate|messaging)_[a-z0-9_]+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"by \(([^)]*)\)")
SAMPLES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "info": ("_info",),
    "gauge": ("",),
}
OF_SCRAPES = {"instance", "job", "le"}


def _families(tmp_path: Path) -> Iterator[Metric]:
    """All that a worker's endpoint may tell."""
    url = f"sqlite:///{tmp_path / 'plangate.db'}"
    migrated(url)
    catalogue = SimpleNamespace(catalogue=SimpleNamespace(digest="d", actions=()))
    collectors: Iterable[Collector] = (
        REGISTRY,
        TreeMetrics(Supervisor([]), cast(CatalogueInForce, catalogue)),
        StoreMetrics(Asked("the store", StoreQuestion(url)), tuple),
        KafkaMetrics(Asked("Kafka", dict[tuple[str, str], int])),
    )
    for collector in collectors:
        yield from collector.collect()


@pytest.fixture
def labels(tmp_path: Path) -> Mapping[str, set[str]]:
    """Labels by the name of a sample."""
    made: list[Any] = list(REGISTRY._collector_to_names)
    declared = {metric._name: set(metric._labelnames) for metric in made}
    return {
        f"{metric.name}{ending}": declared.get(metric.name) or set(getattr(metric, "_labelnames", ()))
        for metric in _families(tmp_path)
        for ending in SAMPLES[metric.type]
    }


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [*(rule["expr"] for rule in rules()), *shown]


def test_each_metric_of_rules_and_dashboard_exists_with_the_labels_that_are_named(
    labels: Mapping[str, set[str]],
) -> None:
    for expression in expressions():
        asked = SELECTOR.findall(re.sub(GROUPING, "", expression))
        assert asked, expression
        for name, selector in asked:
            assert name in labels, expression
            assert set(re.findall(r"(\w+)\s*[!=]", selector)) <= labels[name], expression
        of_all = set.union(*(labels[name] for name, _ in asked)) | OF_SCRAPES
        for group in GROUPING.findall(expression):
            assert {each.strip() for each in group.split(",")} <= of_all, expression


def test_the_docs_name_each_metric_and_no_other(labels: Mapping[str, set[str]]) -> None:
    table = OPERATIONS.split("## Metrics and health")[1].split("\n## ")[0]
    named = set(NAME.findall(table))
    of_histograms = {name for name in labels if name.endswith(("_bucket", "_count", "_sum"))}
    families = (set(labels) - of_histograms) | {name.rpartition("_")[0] for name in of_histograms}
    own_labels = {label for names in labels.values() for label in names}
    assert named - own_labels - {"messaging_system", "messaging_operation_name", "messaging_"} == families


def test_the_docs_say_what_to_do_at_each_alert() -> None:
    told = re.findall(r"^\| `(Plangate\w+)` \|", OPERATIONS, re.MULTILINE)
    assert sorted(told) == sorted(rule["alert"] for rule in rules())


def test_each_alert_has_a_severity_and_a_sentence() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}, rule
        assert rule["annotations"]["summary"].endswith("."), rule


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")
    subprocess.run([promtool, "check", "rules", ALERTS], check=True)
