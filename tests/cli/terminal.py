"""A person at a terminal of 80 columns and 24 lines."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cli.commands import PLANGATE, Shell

WIDTH, HEIGHT = 80, 24
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`plangate` with these arguments, typed by somebody who sees what it prints."""

    def __init__(self, shell: Shell, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        variables = {**shell.variables, "TERM": "xterm"}
        del variables["COLUMNS"]
        command = [str(PLANGATE), *arguments]
        self._process = subprocess.Popen(
            command, cwd=Path(shell.folder), env=variables, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.seen = ""

    def until(self, words: str, timeout_s: float = 60) -> None:
        """Read until the screen has shown these words."""
        deadline = time.monotonic() + timeout_s
        while words not in self.seen:
            assert time.monotonic() < deadline, f"{words!r} never came: {self.seen}"
            assert self._read(1.0) or self._process.poll() is None, f"{words!r} never came: {self.seen}"

    def enter(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def end(self, timeout_s: float = 60) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + timeout_s
        while self._read(1.0) or self._process.poll() is None:
            assert time.monotonic() < deadline, self.seen
        return self._process.wait()

    def _read(self, within_s: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], within_s)
        try:
            found = os.read(self._ours, 65536) if ready else b""
        except OSError:  # Linux's word for the end of a terminal
            return False
        self.seen += _CONTROL.sub("", found.decode(errors="replace")).replace("\r\n", "\n")
        return bool(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)
