"""Where the processes of a laboratory find each other: one folder and one port, from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

_FOLDER = "TORTURE_FOLDER"  # not PLANGATE_*: those are settings
_PORT = "TORTURE_WITNESS_PORT"
_REGISTRY = "TORTURE_REGISTRY_URL"


@dataclass(frozen=True)
class Places:
    """The laboratory's folder."""

    folder: Path

    @property
    def calls(self) -> Path:
        """What the witness saw: a line for every call of an effect."""
        return self.folder / "witness.jsonl"

    @property
    def claims(self) -> Path:
        """Which process was about to claim or to doubt which effect, and when."""
        return self.folder / "claims.jsonl"

    @property
    def faults(self) -> Path:
        """What was done to whom, and when."""
        return self.folder / "faults.jsonl"

    @property
    def lies(self) -> Path:
        """Every lie, before it was told."""
        return self.folder / "lies.jsonl"

    @property
    def arms(self) -> Path:
        """Fault points that wait for the first process that comes by."""
        return self.folder / "arms"

    @property
    def clock(self) -> Path:
        """Seconds by which the workers' clocks are off."""
        return self.folder / "clock"

    @property
    def awake(self) -> Path:
        """A file for every process that has begun to work, named by its pid."""
        return self.folder / "awake"

    def make(self) -> "Places":
        """Create the folders."""
        for folder in (self.folder, self.arms, self.awake):
            folder.mkdir(parents=True, exist_ok=True)
        return self


def announce(places: Places, port: int, registry: str = "") -> dict[str, str]:
    """The environment in which child processes find folder, witness and schema registry."""
    return {_FOLDER: str(places.folder), _PORT: str(port), _REGISTRY: registry}


def places() -> Places:
    """The folder of the laboratory that this process is a child of."""
    return Places(Path(os.environ[_FOLDER]))


def witness_port() -> int:
    """Where the witness listens, on 127.0.0.1."""
    return int(os.environ[_PORT])


def registry_url() -> str:
    """Of the registry that knows the writers' schemas of poison."""
    return os.environ.get(_REGISTRY, "")
