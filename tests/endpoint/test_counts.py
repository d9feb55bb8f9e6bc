"""What processes count is read in their parent, survives their end, and is nobody else's business."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from plangate.worker.counts import Counts, counting

BURIES = "metrics.buried('plans', metrics.Reason.REFUSED)"
SERVES = "metrics.serving('router', is_done=True)"


def in_process(counts: Counts, name: str, *work: str) -> None:
    """Do this in a process of that name, which ends as by SIGKILL: without a word."""
    code = "\n".join(["import os", "from stream_apps import metrics", *work, "os._exit(9)"])
    environment = {**os.environ, **counts.environment(name)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 9


def value(counts: Counts, sample: str, **labels: str) -> float:
    found = [each for metric in counts.collect() for each in metric.samples]
    return sum(each.value for each in found if each.name == sample and each.labels == labels)


def test_counts_of_all_processes_are_added_and_survive_their_restarts() -> None:
    with counting(["apps", "resumer 1"]) as counts:
        letters = {"sample": "plangate_dead_letters_total", "topic": "plans", "reason": "refused"}
        assert value(counts, **letters) == 0
        in_process(counts, "apps", BURIES, BURIES)
        in_process(counts, "resumer 1", BURIES)
        assert value(counts, **letters) == 3
        counts.ended("apps")
        in_process(counts, "apps", BURIES)
        assert value(counts, **letters) == 4


def test_what_a_process_says_of_itself_is_forgotten_with_it() -> None:
    with counting(["apps", "resumer 1"]) as counts:
        in_process(counts, "apps", SERVES)
        assert counts.serves("apps", "router")
        assert not counts.serves("resumer 1", "router")
        counts.ended("apps")
        assert not counts.serves("apps", "router")
        in_process(counts, "apps", SERVES)
        assert counts.serves("apps", "router")


def test_nobody_else_enters_the_folder_and_it_goes_with_its_owner() -> None:
    with counting(["apps"]) as counts:
        folder = Path(counts.environment("apps")["PROMETHEUS_MULTIPROC_DIR"])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_no_file_has_a_hole_that_a_full_disk_could_not_fill() -> None:
    with counting(["apps"]) as counts:
        folder = Path(counts.environment("apps")["PROMETHEUS_MULTIPROC_DIR"])
        before = {file.name: file.stat() for file in folder.iterdir()}
        in_process(counts, "apps", BURIES, SERVES, "metrics.processed('g', ['plans'], 1.0)")
        after = {file.name: file.stat() for file in folder.iterdir()}
    assert after.keys() == before.keys()
    assert {name: each.st_size for name, each in after.items()} == {
        name: each.st_size for name, each in before.items()
    }
    assert all(each.st_blocks * 512 >= each.st_size for each in after.values())


def test_work_goes_on_where_a_cleaner_took_the_folder(caplog: pytest.LogCaptureFixture) -> None:
    with counting(["apps"]) as counts:
        folder = counts.environment("apps")["PROMETHEUS_MULTIPROC_DIR"]
        away = f"import shutil; shutil.rmtree({folder!r})"
        later = "import datetime; metrics.decided('APPROVE', 'DECIDED', datetime.timedelta(1))"
        in_process(counts, "apps", SERVES, away, BURIES, SERVES, later)
        counts.ended("apps")
        assert "the metrics of apps are lost" in caplog.text
        in_process(counts, "apps", BURIES, SERVES, later)
        assert not counts.serves("apps", "router")


def test_what_a_graph_counts_with_the_same_library_is_not_told() -> None:
    of_a_graph = (
        "import prometheus_client; prometheus_client.Counter('mine', 'x', ['who']).labels('ann').inc()"
    )
    with counting(["resumer 1"]) as counts:
        in_process(counts, "resumer 1", of_a_graph, BURIES)
        found = {metric.name for metric in counts.collect()}
    assert "plangate_dead_letters" in found
    assert "mine" not in found


def test_the_endpoint_loads_neither_faust_nor_langgraph() -> None:
    heavy = "{'faust', 'langgraph', 'langchain_core', 'aiokafka'}"
    code = f"import sys, plangate.worker.watched\nprint({heavy} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "set()\n"
