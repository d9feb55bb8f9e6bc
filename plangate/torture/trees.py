"""The worker trees of a laboratory, and the processes that they are made of."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from plangate.dev.processes import ChildProcess
from plangate.torture.faults import APPS, RESUMER, SERVICE
from plangate.torture.places import Places

WORKER = "plangate.torture.worker_child"
SERVICE_CHILD = "plangate.torture.services.child"
STOP_S = 60.0


@dataclass(frozen=True)
class Modules:
    """Which modules the processes of a worker run, and the Python that finds them."""

    apps: str = "plangate.torture.apps_child"
    resumer: str = "plangate.torture.resumer_child"
    services: str = "plangate.torture.services.supervisor_child"
    python: Sequence[str] = (sys.executable, "-P")


class Tree:
    """A supervisor with its children. `lock` is held while somebody starts or stops it."""

    word = "worker"

    def __init__(self, number: int, modules: Modules, places: Places) -> None:
        self.lock = threading.Lock()
        self._name = f"{self.word}-{number}"
        self._modules = modules
        self._places = places
        self._child: ChildProcess | None = None

    def become(self, modules: Modules) -> None:
        """What the next start runs."""
        self._modules = modules

    def start(self) -> None:
        """Start a new supervisor."""
        modules = self._modules
        self._child = ChildProcess(
            self._name,
            [*modules.python, "-m", *self._command(modules)],
            log=self._places.folder / f"{self._name}.log",
            folder=Path.cwd(),
        )

    def _command(self, modules: Modules) -> Sequence[str]:
        return (WORKER, modules.apps, modules.resumer, "1")

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._child is not None:
            self._child.stop(STOP_S)

    @property
    def supervisor(self) -> int:
        """The pid of the supervisor."""
        assert self._child is not None  # noqa: S101 - start() comes first
        return self._child.pid

    def kill_supervisor(self) -> None:
        """SIGKILL for the supervisor alone; the kernel then sends its children SIGTERM."""
        with suppress(ProcessLookupError):
            os.kill(self.supervisor, signal.SIGKILL)

    def kill_all(self) -> None:
        """SIGKILL for the whole tree at once, as when a machine loses power."""
        if self._child is not None:
            self._child.kill()

    def pids(self, whom: str | None = None) -> list[int]:
        """The children that have begun to work; only the resumers, or only the apps."""
        return [pid for pid in self._children() if whom in {None, self._kind(pid)} and self._is_awake(pid)]

    def _children(self) -> Iterator[int]:
        file = Path(f"/proc/{self.supervisor}/task/{self.supervisor}/children")
        with suppress(OSError):
            yield from map(int, file.read_text().split())

    def _kind(self, pid: int) -> str:
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            return next((kind for module, kind in self._kinds().items() if module in command), "")
        return ""

    def _kinds(self) -> dict[str, str]:
        return {self._modules.resumer: RESUMER, self._modules.apps: APPS}

    def _is_awake(self, pid: int) -> bool:
        return (self._places.awake / str(pid)).exists()


class ServiceTree(Tree):
    """The services that carry out their own plans, under a supervisor of theirs."""

    word = "services"

    def _command(self, modules: Modules) -> Sequence[str]:
        return (modules.services,)

    def _kinds(self) -> dict[str, str]:
        return {SERVICE_CHILD: SERVICE}
