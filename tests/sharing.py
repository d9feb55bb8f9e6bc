"""One service for all xdist workers of a test run."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.postgres import PostgresServer
from plangate.dev.registry import SchemaRegistry

Service = TypeVar("Service", ApacheKafka, PostgresServer, SchemaRegistry)


@contextmanager
def shared(folder: Path, make: Callable[[Path, int | None], Service]) -> Iterator[Service]:
    """The run's one service in `folder`: who asks first starts it, and ends it when the last user has left.

    The kernel drops the locks of a worker that dies, so the next one notices and starts the service anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    opened = [(folder / name).open("a") for name in ("turn", "owner", "users")]
    turn, owner, users = opened
    try:
        with _locked(turn):
            owned = _try_lock(owner)
            service = _start(folder, make) if owned else make(folder, int((folder / "port").read_text()))
            fcntl.flock(users, fcntl.LOCK_SH)
        yield service
        if owned:
            _wait_for_the_others_and_stop(service, turn, users)
    finally:
        for handle in opened:
            handle.close()  # which drops its lock


def _start(folder: Path, make: Callable[[Path, int | None], Service]) -> Service:
    service = make(folder, None)
    service.start()
    (folder / "port").write_text(str(service.port))
    return service


def _wait_for_the_others_and_stop(
    service: ApacheKafka | PostgresServer | SchemaRegistry, turn: IO[str], users: IO[str]
) -> None:
    while True:
        with _locked(turn):  # nobody joins meanwhile
            if _try_lock(users):
                service.stop()
                return
        time.sleep(0.1)


@contextmanager
def _locked(handle: IO[str]) -> Iterator[None]:
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
