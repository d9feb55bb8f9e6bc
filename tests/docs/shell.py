"""A reader's shell: one bash, typed into line by line."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

_END = "== end of the command:"


class Shell:
    """Runs what is typed and gives what it printed; what fails is an AssertionError with its words."""

    def __init__(self, folder: Path) -> None:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PLANGATE_"))
        }
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={**kept, "COLUMNS": "200"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def enter(self, line: str) -> str:
        """Run one line to its end."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{line}\necho '{_END}' $?\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for heard in self._bash.stdout:
            if heard.startswith(_END):
                assert heard.split()[-1] == "0", f"{line}: {''.join(printed)}"
                return "".join(printed)
            printed.append(heard)
        raise AssertionError(f"the shell ended at {line}: {''.join(printed)}")

    def enter_until(self, line: str, right: Callable[[str], bool], timeout: float = 60) -> str:
        """Run one line again and again, as a reader does who waits for something."""
        deadline = time.monotonic() + timeout
        while not right(printed := self.enter(line)):
            assert time.monotonic() < deadline, f"{line} still says: {printed}"
        return printed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bash.kill()
        self._bash.wait()
