"""The kill switch of one host: a file that every worker there looks at before it begins anything.

It works where neither Kafka nor the store does. While it is there something is stopped; what its content does
not tell, is stopped whole. It is ended where it lies, and nowhere else.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from gate_events.stops import Stop, holding

VARIABLE = "PLANGATE_STOP_FILE"
DEFAULT = Path(".plangate/stop")
UNREADABLE = UUID(int=0)
"""The id of the stop that stands for a file of which nobody can tell what it says."""
_LOOK_S, _ALONE_WITHIN_S = 0.01, 2.0
_UNREAD = "stops all on this host, since its content cannot be told"


class UnreadableStopFileError(ValueError):
    """{file} {why}: everything is stopped on this host; end all of it."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"{file} {why}: everything is stopped on this host; `plangate go` without --action removes it"
        )


def named_by_environment() -> Path:
    """The file that this process is to look at."""
    return Path(os.environ.get(VARIABLE) or DEFAULT)


class StopFile:
    """The stops of this host. `path` None: there are none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def stops(self) -> Sequence[Stop]:
        """What is stopped here; one of everything where the file cannot be read, or says something else."""
        if self.path is None or not _is_there(self.path):
            return ()
        try:
            return _read(self.path)
        except FileNotFoundError:
            return ()  # ended meanwhile; a link that leads nowhere is refused before
        except (OSError, ValueError) as error:
            return (_unreadable(self.path, error),)

    def holding(self, action_type: str) -> Stop | None:
        """The stop that lets nothing of this action type begin here; None: it may begin."""
        return holding(self.stops(), action_type)

    def add(self, stop: Stop) -> None:
        """Stop something here. Raises OSError, UnreadableStopFileError (all is stopped then, too)."""
        if self.path is None:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(self.path.parent):
            self._write(self.path, [*self._known(), stop])

    def end(self, action_type: str | None, named: Collection[UUID] | None = None) -> list[Stop]:
        """End what is stopped of this action type here, None: all as such; what was ended.

        Of these only the `named`, if some are: one that came meanwhile stays. A file that cannot be read is
        removed where all is ended. Raises OSError, UnreadableStopFileError.
        """
        if self.path is None or not _is_there(self.path):
            return []
        with _alone_in(self.path.parent):
            return self._end(
                self.path,
                lambda stop: stop.action_type == action_type and (named is None or stop.stop_id in named),
            )

    def _end(self, path: Path, is_ended: Callable[[Stop], bool]) -> list[Stop]:
        try:
            known = self._known()
        except UnreadableStopFileError:
            known = list(self.stops())
            if not all(map(is_ended, known)):
                raise
        if left := [stop for stop in known if not is_ended(stop)]:
            self._write(path, left)
        else:
            path.unlink(missing_ok=True)
        return [stop for stop in known if is_ended(stop)]

    def _known(self) -> list[Stop]:
        if self.path is None or not _is_there(self.path):
            return []
        try:
            return list(_read(self.path))
        except (OSError, ValueError) as error:
            raise UnreadableStopFileError(self.path, _why(error)) from error

    @staticmethod
    def _write(path: Path, stops: Sequence[Stop]) -> None:
        """Whole or not at all, for the eyes of its owner alone (0600)."""
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(stops)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One at a time reads the file and writes it; whoever holds this for long keeps nobody from stopping."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # it may be written, and not be read
        yield
        return
    try:
        until = time.monotonic() + _ALONE_WITHIN_S
        while not _is_locked(held) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(held)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_there(path: Path) -> bool:
    """Where nobody can look, it counts as there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _read(path: Path) -> Sequence[Stop]:
    """Raises OSError, ValueError; a link that leads nowhere is no file that ended."""
    if path.is_symlink():
        raise ValueError("is a link")
    stops = msgspec.json.decode(path.read_bytes(), type=list[Stop])
    if not stops:
        raise ValueError("names no stop")
    return stops


def _unreadable(path: Path, error: Exception) -> Stop:
    """It stands for all that the file may mean."""
    return Stop(
        stop_id=UNREADABLE,
        by=f"file {path}",
        note=f"it {_UNREAD} ({_why(error)})",
        at=datetime.fromtimestamp(_changed_at(path), UTC),
    )


def _changed_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
