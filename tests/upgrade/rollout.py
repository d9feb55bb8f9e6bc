"""A rolling deploy under torture: the store is migrated under old workers, who then give way one by one.

The new version is the code that runs this: today's, or an earlier commit's, whose own laboratory then judges
(`rollout_child.py`).
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from gate_store.migrate import behind
from plangate.dev.processes import ChildProcess
from plangate.dev.stack import Stack
from plangate.torture.faults import RESUMER, Fault, Occasion
from plangate.torture.inflicting import Inflictor
from plangate.torture.lab import Orders, torture
from plangate.torture.lines import read
from plangate.torture.places import Places
from plangate.torture.stack import in_force, own
from plangate.torture.trees import Modules
from tests.upgrade.earlier import ROOT, Earlier

AGENTS = Path(__file__).with_name("agents_child.py")
PHASES = ("old alone", "old on the new schema", "old and new", "new alone")


@dataclass(frozen=True)
class Size:
    """How many runs, of them by old agents at a pace; how many kills beside the one between the versions.

    On services of its own, which then are killed too, or on those of the settings in force.
    """

    runs: int
    by_old_agents: int
    pace_s: float
    kills: int = 0
    pauses: int = 0
    window: int = 60
    lease_s: float = 6.0
    seed: int = 1
    own_services: bool = False


@dataclass(frozen=True)
class RolledOut:
    """The laboratory's report, and how many effects old and new code called in each phase."""

    counts: dict[str, Any]
    findings: dict[str, Any]
    phases: list[str]
    calls: dict[str, tuple[int, int]]


class Rollout:
    """Rolls the new version out as the runs come to rest; notes who called which effect in which phase."""

    def __init__(self, old: Earlier, stack: Stack, folder: Path, size: Size) -> None:
        self._phases: list[tuple[float, str]] = [(time.time(), PHASES[0])]
        self._old = old
        self._url = stack.settings.store_url
        self._places = Places(folder.absolute())
        self._size = size
        self._is_old: dict[int, bool] = {}
        self._migrated = threading.Event()

    @property
    def phases(self) -> list[str]:
        """Those that began."""
        return [name for _, name in self._phases]

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
        return [name for began, name in self._phases if began <= moment][-1]

    def _migrate(self, _: Inflictor) -> None:
        Earlier(ROOT).upgrade(self._url)  # today's: the newest schema serves every worker
        assert behind(self._url) is None
        assert self._old.behind(self._url) == "None"  # an old worker that died starts again
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
        self._phases.append((time.time(), phase))


def roll_out(old: Earlier, folder: Path, size: Size) -> RolledOut:
    """A laboratory that begins with old code alone and ends with new code alone."""
    services = (
        own(folder, "apache", "postgresql", size.lease_s, old.upgrade)
        if size.own_services
        else in_force(folder, size.seed, size.lease_s, old.upgrade, yes=False)
    )
    with services as stack:
        rollout = Rollout(old, stack, folder, size)
        agents = _old_agents(old, stack, folder, size)
        told = folder / "plans.json"

        def plans() -> Mapping[str, UUID]:
            agents.wait_until(told.exists, timeout=60)
            return {thread: UUID(plan) for thread, plan in json.loads(told.read_text()).items()}

        try:
            found = torture(stack, folder, rollout.orders(plans), rollout.tell)
        finally:
            agents.stop()
    calls = {phase: (rollout.calls(phase, old=True), rollout.calls(phase, old=False)) for phase in PHASES}
    return RolledOut(found.counts, dict(found.findings), rollout.phases, calls)


def _old_agents(old: Earlier, stack: Stack, folder: Path, size: Size) -> ChildProcess:
    """They submit the first runs, and tell the plans in `plans.json`."""
    told = folder / "plans.json"
    what = (told, stack.settings.store_url, size.seed, size.by_old_agents, size.pace_s)
    command = [*old.python, str(AGENTS), *map(str, what)]
    return ChildProcess("old agents", command, log=folder / "agents.log", folder=Path.cwd())
