"""One service for all xdist workers of a test run."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol, TypeVar


class Shareable(Protocol):
    """A service that another process reaches by its port."""

    port: int

    def start(self) -> None: ...

    def stop(self) -> None: ...


Service = TypeVar("Service", bound=Shareable)


class _Owned(NamedTuple):
    service: Shareable
    folder: Path
    lock: IO[str]


class Sharing:
    """One worker's part in sharing: who asks first for a service starts and owns it, the others join it.

    Everything rests on file locks, which the kernel drops with the process that holds them: when a worker
    dies, the next one that asks starts the service anew.
    """

    def __init__(self) -> None:
        self._owned: list[_Owned] = []

    @contextmanager
    def use(self, folder: Path, make: Callable[[Path, int | None], Service]) -> Iterator[Service]:
        """The run's one service in `folder`; `make` takes the folder and the port of the one to join."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "users").open("a") as users:  # closing it drops the lock
            with _turn(folder):
                service = self._start_or_join(folder, make)
                fcntl.flock(users, fcntl.LOCK_SH)
            yield service

    def stop_owned(self) -> None:
        """Stop each service that this worker owns once its last user has left.

        Comes after this worker has left them all: two owners that used each other's would wait for ever.
        """
        while self._owned:
            owned = self._owned.pop()
            while not _stopped(owned):
                time.sleep(0.1)

    def _start_or_join(self, folder: Path, make: Callable[[Path, int | None], Service]) -> Service:
        lock = (folder / "owner").open("a")
        if not _try_lock(lock):
            lock.close()
            return make(folder, int((folder / "port").read_text()))
        service = make(folder, None)
        try:
            service.start()
        except BaseException:
            lock.close()
            raise
        (folder / "port").write_text(str(service.port))
        self._owned.append(_Owned(service, folder, lock))
        return service


def _stopped(owned: _Owned) -> bool:
    with _turn(owned.folder), (owned.folder / "users").open("a") as users:
        if not _try_lock(users):
            return False
        owned.service.stop()
        owned.lock.close()
        return True


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    with (folder / "turn").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
