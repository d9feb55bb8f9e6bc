"""A rolling deploy under torture: the store is migrated under old workers, who then give way one by one."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from gate_events.codec import encode, to_json
from gate_store.migrate import behind, upgrade
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.processes import ChildProcess
from plangate.dev.stack import Stack
from plangate.torture.faults import RESUMER, Fault, Occasion
from plangate.torture.inflicting import Inflictor
from plangate.torture.lab import Orders, torture
from plangate.torture.lines import read
from plangate.torture.places import Places
from plangate.torture.report import Report
from plangate.torture.stack import in_force, own
from plangate.torture.trees import Modules
from tests.events import samples
from tests.faults.test_torture import NOTHING_WRONG
from tests.services import own_folder, required
from tests.upgrade.comparing import as_far_as
from tests.upgrade.earlier import Earlier, earlier

AGENTS = Path(__file__).with_name("agents_child.py")
READER = Path(__file__).with_name("reader_child.py")
PHASES = ("old alone", "old on the new schema", "old and new", "new alone")


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.fixture
def old(folder: Path) -> Iterator[Earlier]:
    with earlier(folder / "earlier") as code:
        yield code


@dataclass(frozen=True)
class Size:
    """How many runs, of them by old agents at a pace; how many kills beside the one between the versions."""

    runs: int
    by_old_agents: int
    pace_s: float
    kills: int
    pauses: int = 0
    window: int = 60
    lease_s: float = 6.0
    seed: int = 1


class Rollout:
    """Rolls the new version out as the runs come to rest; notes who called which effect in which phase."""

    def __init__(self, old: Earlier, stack: Stack, folder: Path, size: Size) -> None:
        self.phases: list[tuple[float, str]] = [(time.time(), PHASES[0])]
        self._old = old
        self._url = stack.settings.store_url
        self._places = Places(folder.absolute())
        self._size = size
        self._is_old: dict[int, bool] = {}
        self._migrated = threading.Event()

    def orders(self, plans: Callable[[], Mapping[str, UUID]]) -> Orders:
        """What the laboratory is told."""
        return Orders(
            self._size.runs,
            self._size.kills,
            self._size.pauses,
            self._size.seed,
            modules=self._old.modules,
            occasions=(
                Occasion(0.2, self._migrate),
                Occasion(0.35, self._first),
                Occasion(0.6, self._kill),
                Occasion(0.8, self._second),
            ),
            lease_s=self._size.lease_s,
            window=self._size.window,
            by_others=self._size.by_old_agents,
            plans_of_others=plans,
        )

    def tell(self, *_: object) -> None:
        """At every look of the laboratory: whose processes are these?"""
        for file in self._places.awake.iterdir():
            with suppress(OSError):
                self._is_old.setdefault(int(file.name), self._old.runs(int(file.name)))

    def calls(self, phase: str, *, old: bool) -> int:
        """How many effects the processes of one version called in that phase."""
        return sum(
            self._phase_at(call["at"]) == phase and self._is_old.get(call["pid"]) is old
            for call in read(self._places.calls)
        )

    def _phase_at(self, moment: float) -> str:
        return [name for began, name in self.phases if began <= moment][-1]

    def _migrate(self, _: Inflictor) -> None:
        upgrade(self._url)  # nothing, where the release before has today's schema
        assert behind(self._url) is None
        self._begin(PHASES[1])
        self._migrated.set()

    def _first(self, inflictor: Inflictor) -> None:
        assert self._migrated.wait(60)
        end = time.monotonic() + 60
        while not self.calls(PHASES[1], old=True):  # there is more to do since the migration is over
            assert time.monotonic() < end
            time.sleep(0.1)
        self._begin(PHASES[2])
        inflictor.deploy(0, Modules())

    def _kill(self, inflictor: Inflictor) -> None:
        """A resumer of either version inside an effect; its run may go to the other."""
        asyncio.run(inflictor.inflict(Fault(0, "kill", RESUMER, "effect.after", 0)))

    def _second(self, inflictor: Inflictor) -> None:
        inflictor.deploy(1, Modules())
        self._begin(PHASES[3])

    def _begin(self, phase: str) -> None:
        self.phases.append((time.time(), phase))


def roll_out(old: Earlier, stack: Stack, folder: Path, size: Size) -> tuple[Report, Rollout]:
    """A laboratory that begins with old code alone and ends with new code alone."""
    rollout = Rollout(old, stack, folder, size)
    told = folder / "plans.json"
    command = [
        *old.python,
        AGENTS,
        told,
        stack.settings.store_url,
        size.seed,
        size.by_old_agents,
        size.pace_s,
    ]
    agents = ChildProcess("old agents", [*map(str, command)], log=folder / "agents.log", folder=Path.cwd())

    def plans() -> Mapping[str, UUID]:
        agents.wait_until(told.exists, timeout=60)
        return {thread: UUID(plan) for thread, plan in json.loads(told.read_text()).items()}

    try:
        return torture(stack, folder, rollout.orders(plans), rollout.tell), rollout
    finally:
        agents.stop()


def judge(found: Report, rollout: Rollout, size: Size) -> None:
    wrong = {name: found.counts[name] for name in NOTHING_WRONG}
    assert wrong == NOTHING_WRONG, found.findings
    assert found.counts["kills"] == size.kills + 1
    assert [name for _, name in rollout.phases] == [*PHASES]
    both = {phase: (rollout.calls(phase, old=True), rollout.calls(phase, old=False)) for phase in PHASES}
    assert both["old alone"][0], both
    assert not both["old alone"][1], both
    assert both["old on the new schema"][0], both
    assert all(both["old and new"]), both
    assert both["new alone"][1], both


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_rolling_deploy_under_torture_loses_and_repeats_nothing(
    old: Earlier, folder: Path, seed: int
) -> None:
    size = Size(runs=600, by_old_agents=200, pace_s=0.3, kills=30, pauses=4, seed=seed)
    with required(), own(folder, "apache", "postgresql", size.lease_s, old.upgrade) as stack:
        found, rollout = roll_out(old, stack, folder, size)
    judge(found, rollout, size)


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_small_rolling_deploy_with_a_kill_in_the_middle_loses_and_repeats_nothing(
    old: Earlier, folder: Path, kafka: ApacheKafka, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = Size(runs=60, by_old_agents=20, pace_s=0.1, kills=0, window=5, lease_s=3.0)
    monkeypatch.setenv("PLANGATE_KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("PLANGATE_STORE_URL", postgres_url)
    with in_force(folder, size.seed, size.lease_s, old.upgrade, yes=False) as stack:
        found, rollout = roll_out(old, stack, folder, size)
    judge(found, rollout, size)


def test_the_earlier_code_is_what_runs_in_its_processes(old: Earlier) -> None:
    packages = ["gate_events", "gate_policy", "gate_store", "stream_apps", "producers", "plangate"]
    said = old.run("-c", f"import {', '.join(packages)}; print(*({'.__file__, '.join(packages)}.__file__))")
    assert said.split() == [str(old.folder / name / "__init__.py") for name in packages]


def test_the_earlier_code_reads_what_todays_code_writes(old: Earlier, tmp_path: Path) -> None:
    """A contract changes in two steps: what a release writes, the release before it reads already."""
    said = tmp_path / "said.json"
    said.write_text(json.dumps([[type(each).__name__, encode(each).hex()] for each in samples.SAMPLES]))
    for before, each in zip(json.loads(old.run(READER, said)), samples.SAMPLES, strict=True):
        assert before == as_far_as(before, json.loads(to_json(each)))
