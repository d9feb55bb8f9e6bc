"""A stable number for each worker on a machine.

Kafka's static membership wants the same name after a restart, and another for each worker beside it.
"""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

from plangate.settings import host_name


class SlotsError(RuntimeError):
    """{folder}: belongs to another user; remove it, or set TMPDIR."""


class Slot:
    """The lowest free number on this machine, held until the process ends (a lock on a file)."""

    def __init__(self, scope: str, folder: Path | None = None) -> None:
        root = folder or Path(tempfile.gettempdir()) / f"plangate-{os.getuid()}" / "slots"
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(part.stat().st_uid != os.getuid() for part in (root, root.parent) if folder is None):
            raise SlotsError(f"{root.parent}: belongs to another user; remove it, or set TMPDIR")
        self.number, self._file = _first_free(root, scope)

    @property
    def name(self) -> str:
        """`machine-0`, `machine-1`, …"""
        return f"{host_name()}-{self.number}"

    def release(self) -> None:
        """Let the number go."""
        self._file.close()


def _first_free(root: Path, scope: str) -> tuple[int, IO[str]]:
    number = 0
    while True:
        file = (root / f"{scope}-{number}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            number += 1
        else:
            return number, file
