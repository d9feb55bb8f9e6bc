"""Rolling deploys under torture, from the first contracts to those of today: it takes two."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gate_events.codec import encode, to_json
from gate_events.records import StopChanged
from plangate.dev.apache_kafka import ApacheKafka
from tests.events import samples
from tests.faults.test_torture import NOTHING_WRONG, cases
from tests.services import own_folder, required
from tests.upgrade.comparing import as_far_as
from tests.upgrade.earlier import READS_THE_FIRST, Earlier, earlier
from tests.upgrade.rollout import PHASES, RolledOut, Size, roll_out

READER = Path(__file__).with_name("reader_child.py")
SMALL = Size(runs=60, by_old_agents=20, pace_s=0.1, window=5, lease_s=3.0)
LARGE = Size(runs=600, by_old_agents=200, pace_s=0.3, kills=30, pauses=4, own_services=True)
LONG_S = 1800.0
# Sentences of groups are others since: what a router of before asks, a gatekeeper of today asks in its own.
SHOWN_OTHERWISE = "our own judgement differs in sentences"


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.fixture
def old(folder: Path) -> Iterator[Earlier]:
    """What reads the contracts of today, and writes those before."""
    with earlier(folder / "earlier") as code:
        yield code


@pytest.fixture
def oldest(folder: Path) -> Iterator[Earlier]:
    """What reads and writes the first contracts alone."""
    with earlier(folder / "oldest", READS_THE_FIRST) as code:
        yield code


@pytest.fixture
def shared_services(kafka: ApacheKafka, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("PLANGATE_STORE_URL", postgres_url)


def roll_out_earlier(new: Earlier, old: Earlier, folder: Path, size: Size) -> RolledOut:
    """The same with two earlier versions: today's laboratory writes what the older of them cannot read."""
    what = (str(old.folder), str(folder), msgspec.json.encode(size).decode())
    command = [*new.python_with_tests, "-m", "tests.upgrade.rollout_child", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG_S)
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=RolledOut)


def judge(came: RolledOut, size: Size) -> None:
    wrong = {name: came.counts[name] for name in NOTHING_WRONG}
    asked_anew = [each for each in came.findings["dead_letters"] if each.endswith(SHOWN_OTHERWISE)]
    wrong["dead_letters"] -= len(asked_anew)
    assert wrong == NOTHING_WRONG, cases(came.findings)
    assert came.counts["kills"] == size.kills + 1
    assert came.phases == [*PHASES]
    assert came.calls["old alone"][0], came.calls
    assert not came.calls["old alone"][1], came.calls
    assert came.calls["old on the new schema"][0], came.calls
    assert all(came.calls["old and new"]), came.calls
    assert came.calls["new alone"][1], came.calls


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_rolling_deploy_under_torture_loses_and_repeats_nothing(
    old: Earlier, folder: Path, seed: int
) -> None:
    size = replace(LARGE, seed=seed)
    with required():
        came = roll_out(old, folder, size)
    judge(came, size)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_the_rolling_deploy_before_it_under_torture_loses_and_repeats_nothing(
    oldest: Earlier, old: Earlier, folder: Path
) -> None:
    judge(roll_out_earlier(old, oldest, folder, LARGE), LARGE)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.usefixtures("shared_services")
def test_the_small_rolling_deploy_before_it_loses_and_repeats_nothing(
    oldest: Earlier, old: Earlier, folder: Path
) -> None:
    judge(roll_out_earlier(old, oldest, folder, SMALL), SMALL)


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.usefixtures("shared_services")
def test_a_small_rolling_deploy_with_a_kill_in_the_middle_loses_and_repeats_nothing(
    old: Earlier, folder: Path
) -> None:
    judge(roll_out(old, folder, SMALL), SMALL)


def test_the_earlier_code_is_what_runs_in_its_processes(old: Earlier) -> None:
    packages = ["gate_events", "gate_policy", "gate_store", "stream_apps", "producers", "plangate"]
    said = old.run("-c", f"import {', '.join(packages)}; print(*({'.__file__, '.join(packages)}.__file__))")
    assert said.split() == [str(old.folder / name / "__init__.py") for name in packages]


def test_the_earlier_code_reads_what_todays_code_writes(old: Earlier, tmp_path: Path) -> None:
    """A contract changes in two steps: what a release writes, the release before it reads already."""
    said = tmp_path / "said.json"
    said.write_text(json.dumps([[type(each).__name__, encode(each).hex()] for each in samples.SAMPLES]))
    for before, each in zip(json.loads(old.run(READER, said)), samples.SAMPLES, strict=True):
        if type(each) is StopChanged:
            assert before is None  # on a topic of its own, which nothing earlier reads
        else:
            assert before == as_far_as(before, json.loads(to_json(each)))
