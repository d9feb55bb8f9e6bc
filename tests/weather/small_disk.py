"""A file system of a few megabytes, to be filled to the last byte."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plangate.dev.errors import DevServiceError

_HOLD = 'mount -t tmpfs -o size="$1",mode=1777 none "$2" && echo mounted && exec sleep infinity'


class SmallDisk:
    """Its root, as this process and its children see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def must_be_mounted_here(self) -> None:
        """SQLite resolves the symbolic links of its path: it does not reach another process's mount."""
        if self.folder.is_relative_to("/proc"):
            pytest.skip("SQLite does not reach the small disk's own namespace; run as root")

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                try:
                    while filler.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """As an operator would, who finds the disk full."""
        (self.folder / "filler").unlink(missing_ok=True)


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[SmallDisk]:
    """Mount one on the folder `at`, as root or in a namespace of this user's. Raises DevServiceError."""
    mount = _mounted if os.geteuid() == 0 else _held
    with mount(at, size) as folder:
        yield SmallDisk(folder)


@contextmanager
def _mounted(at: Path, size: str) -> Iterator[Path]:
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "none", str(at))
    try:
        yield at
    finally:
        _run("umount", "--lazy", str(at))


@contextmanager
def _held(at: Path, size: str) -> Iterator[Path]:
    """A process in a namespace of its own holds the mount; we reach it through that process."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _HOLD, "sh", size, str(at)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = holder.stdout.readline() if holder.stdout else ""
        if said.strip() != "mounted":
            raise DevServiceError(
                "a small disk", f"cannot be mounted: {said.strip()}", "run the tests as root"
            )
        yield Path(f"/proc/{holder.pid}/root{at}")
    finally:
        holder.kill()
        holder.wait()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DevServiceError(
            "a small disk", f"cannot be mounted: {done.stderr.strip()}", "allow mounts here"
        )
