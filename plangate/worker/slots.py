"""A stable number for each worker on a machine.

Kafka's static membership wants the same name after a restart, and another for each worker beside it.
"""

import fcntl
import os
import secrets
import tempfile
from pathlib import Path
from typing import IO

from plangate.settings import host_name


class SlotsError(RuntimeError):
    """{folder}: belongs to another user, or cannot be written; set TMPDIR."""


class Slot:
    """The lowest free number on this machine, held until the process ends (a lock on a file)."""

    def __init__(self, scope: str, folder: Path | None = None, *, named: str = "") -> None:
        """`named`: what stands before the machine's name."""
        self._before = f"{named}-" if named else ""
        root = folder or slots_folder()
        self.number, self._file = _first_free(root, scope)
        self._mark = _mark(self._file)

    @property
    def name(self) -> str:
        """`machine-0`, `machine-1`, …"""
        return f"{self._before}{host_name()}-{self.number}"

    @property
    def instance(self) -> str:
        """Of all processes that ever had it, this one alone lives: the mark is where the lock is.

        Machines and containers may be called the same, and then have files of their own.
        """
        return f"{self.name}-{self._mark}"

    def release(self) -> None:
        """Let the number go."""
        self._file.close()


def slots_folder() -> Path:
    """Where the locks lie, made where it is missing. Raises SlotsError."""
    try:
        root = Path(tempfile.gettempdir()) / f"plangate-{os.getuid()}" / "slots"
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:  # a read-only root without a /tmp, too
        raise SlotsError(f"no temporary folder can be written ({error}); set TMPDIR to one") from error
    if any(part.stat().st_uid != os.getuid() for part in (root, root.parent)):
        raise SlotsError(f"{root.parent}: belongs to another user; remove it, or set TMPDIR")
    return root


def _first_free(root: Path, scope: str) -> tuple[int, IO[str]]:
    number = 0
    while True:
        file = (root / f"{scope}-{number}.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            number += 1
        else:
            return number, file


def _mark(file: IO[str]) -> str:
    """Random, written by whoever had the file first."""
    file.seek(0)
    if not (mark := file.read().strip()):
        mark = secrets.token_hex(8)
        file.write(mark)
        file.flush()
    return mark
