"""What every development service can do."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from plangate.dev.processes import ChildProcess

_READY_WITHIN_S = 240  # a broker that was killed takes 40 on a machine with ten times its work


class DevService(ABC):
    """A child process with its data and log below `folder`; a context manager that starts and stops it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._mode = 0o700  # of the folder, where it is made
        self._child: ChildProcess | None = None

    @property
    @abstractmethod
    def version(self) -> str:
        """The version of the software that is run."""

    @abstractmethod
    def _launch(self) -> ChildProcess:
        """Prepare the folder, start the child, and return it without waiting."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Ask the service itself whether it serves."""

    @property
    def is_running(self) -> bool:
        """Whether the child process lives."""
        return self._child is not None and self._child.is_running

    def start(self) -> None:
        """Start and wait until it serves; nothing when it runs already. Raises DevServiceError."""
        if self.is_running:
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=self._mode)
        self._child = self._launch()
        self._child.wait_until(self._is_ready, timeout=_READY_WITHIN_S)

    def stop(self) -> None:
        """End it cleanly; the data stays."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._child is not None:
            self._child.kill()

    def restart(self) -> None:
        """Stop cleanly and start again on the same port and data."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
