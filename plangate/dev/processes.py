"""Child processes that log to a file, say why they died, and never outlive this process."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from plangate.dev.errors import DevServiceError
from plangate.dev.unprivileged import Identity

_POLL_SECONDS = 0.05
_TAIL_LINES = 15

# A parent that died before its signal was ordered sends none, so the child must not begin. $0 is the parent.
_UNLESS_ORPHANED = '[ "$PPID" = "$0" ] && exec "$@"'


class ChildProcess:
    """A running child in a process group of its own.

    The kernel sends it `death_signal` when this process ends, however it ends.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
        identity: Identity | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start `command` in `folder` (the log's); `identity` holds Popen's user, group and extra_groups."""
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        self._log_begins = log.stat().st_size if log.exists() else 0  # behind what earlier starts wrote
        mortal = _mortal(command, death_signal, name)
        self._start = partial(_spawn, mortal, log, folder or log.parent, identity or {})
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the child has not ended yet."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """How its log ends, in a line and lines of its own; nothing of what an earlier start wrote."""
        return f"its log {self.log} ends with:\n{tail(self.log, begins=self._log_begins)}"

    def wait_until(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Poll `ready` until it holds; DevServiceError with the log's tail on death or after `timeout` s."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.is_running:
                raise self._failure(f"ended with code {self._process.returncode} while starting")
            if time.monotonic() > deadline:
                self.kill()
                raise self._failure(f"not ready after {timeout:.0f} s")
            time.sleep(_POLL_SECONDS)

    def stop(self, timeout: float = 30) -> None:
        """Ask the child to end; kill its group when it has not within `timeout` seconds."""
        if self.is_running:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()

    def restart(self) -> None:
        """Ask it to end as `stop` does, and start it again."""
        self.stop()
        self._process = self._start()

    def kill(self) -> None:
        """Kill the child and its children with SIGKILL and wait for their end."""
        if self.is_running:
            children = _children(self.pid)  # PostgreSQL's leave the group
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            for child in children:
                _kill_and_wait(child)

    def _failure(self, problem: str) -> DevServiceError:
        return DevServiceError(self.name, problem, self.last_words)


def tail(log: Path, lines: int = _TAIL_LINES, begins: int = 0) -> str:
    """The last lines of a log file from byte `begins` on, or a word that there are none."""
    text = log.read_bytes()[begins:].decode(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(nothing)"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill_and_wait(pid: int) -> None:
    status = Path(f"/proc/{pid}/stat")
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, signal.SIGKILL)
        while status.read_text().rpartition(")")[2].split()[0] != "Z":  # dead, though not reaped yet
            time.sleep(_POLL_SECONDS / 10)


def _mortal(command: Sequence[str | Path], death_signal: signal.Signals, name: str) -> list[str]:
    # setpriv sets PR_SET_PDEATHSIG and execs: no Python between fork and exec, where threads make it hang.
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise DevServiceError(name, "setpriv is not on the PATH", "install the package util-linux")
    mortality = [setpriv, "--pdeathsig", death_signal.name.removeprefix("SIG"), "--"]
    return [*mortality, "/bin/sh", "-c", _UNLESS_ORPHANED, str(os.getpid()), *map(str, command)]


def _spawn(command: list[str], log: Path, folder: Path, identity: Identity) -> subprocess.Popen[bytes]:
    def popen() -> subprocess.Popen[bytes]:
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own command line, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                cwd=folder,
                **identity,
            )

    return _spawner.submit(popen).result()


def _renew_spawner() -> None:
    global _spawner  # noqa: PLW0603 - a forked process has no threads: it needs a spawner of its own
    _spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


# Linux sends the death signal when the *thread* that forked ends. This one lives as long as the process.
_spawner: ThreadPoolExecutor
_renew_spawner()
os.register_at_fork(after_in_child=_renew_spawner)
