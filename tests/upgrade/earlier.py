"""The code of an earlier commit, out of the history, run by the same Python beside today's."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from plangate.torture.trees import Modules

ROOT = Path(__file__).parents[2]
READS_THE_FIRST = (
    "dfbd5d4b5387ef3f7eb4dbc59d092bb4127844fc"  # and writes it: it knows the first contracts alone
)
READS_BOTH = (
    "e583c5b1c7040934b998a3db4096cba8bba39506"  # it reads the contracts of today, and writes the first
)
PACKAGES = ("gate_events", "gate_policy", "gate_store", "stream_apps", "producers", "plangate", "schemas")


@dataclass(frozen=True)
class Earlier:
    """A folder with its packages."""

    folder: Path

    @property
    def python(self) -> list[str]:
        """How to run a module of it: its packages stand before those that are installed."""
        return self._with(str(self.folder))

    @property
    def python_with_tests(self) -> list[str]:
        """How to run a module of today's tests on it."""
        return self._with(f"{self.folder}:{ROOT}")

    @property
    def modules(self) -> Modules:
        """A worker tree of the laboratory that runs it."""
        return Modules(python=self.python)

    def runs(self, pid: int) -> bool:
        """Whether a process is of this code."""
        return f"PYTHONPATH={self.folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")

    def run(self, *arguments: str | Path) -> str:
        """What a command of it prints."""
        done = subprocess.run(
            [*self.python, *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def upgrade(self, url: str) -> None:
        """Bring a store to the newest schema that it knows."""
        self.run("-c", f"from gate_store.migrate import upgrade; upgrade({url!r})")

    def behind(self, url: str) -> str:
        """What it misses in a store, else None: without it, it does not start."""
        return self.run("-c", f"from gate_store.migrate import behind; print(behind({url!r}))").strip()

    @staticmethod
    def _with(path: str) -> list[str]:
        return ["env", f"PYTHONPATH={path}", sys.executable, "-P"]


@contextmanager
def earlier(folder: Path, commit: str = READS_BOTH) -> Iterator[Earlier]:
    """Take it out of the history, or skip where there is none: a shallow clone, a source distribution."""
    packed = _git("archive", commit, *PACKAGES)
    if packed is None:
        pytest.skip(f"the history here does not reach back to {commit[:7]}, whose code this test runs")
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    yield Earlier(folder)


def _git(*arguments: str) -> bytes | None:
    command: Sequence[str] = ("git", "-C", str(ROOT), *arguments)
    inside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}  # no history of a folder around us
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=inside)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
