"""One `plangate dev` in a folder: it holds a lock there, and others find it by that."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from plangate.dev.errors import DevServiceError

_LOCK = "lock"
_LOOKED_AT_FOR_S = 0.5  # who only looks holds the lock for a moment


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold `folder`, which is there, for this process. Raises DevServiceError where another one has it."""
    with (folder / _LOCK).open("a+") as lock:
        until = time.monotonic() + _LOOKED_AT_FOR_S
        while not _taken(lock, fcntl.LOCK_EX):
            if time.monotonic() > until:
                mend = "use that one, stop it, or give another --folder"
                problem = f"a `plangate dev` runs here already (pid {_read(lock)})"
                raise DevServiceError(str(folder), problem, mend)
            time.sleep(0.05)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def runs_in(folder: Path) -> bool:
    """Whether a `plangate dev` holds this folder."""
    try:
        with (folder / _LOCK).open() as lock:
            return not _taken(lock, fcntl.LOCK_SH)
    except OSError:  # nobody ever did, or it is not ours to read
        return False


def _taken(lock: IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip()
