"""Processes that begin with what they import already imported, which of itself takes them one or two seconds.

Each is forked from a server (multiprocessing's) that has one thread and has done nothing but import. What a
module reads when it is imported is read before a test sets its environment: so none of `plangate.cli` is
among them, whose consoles read the width.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

_IMPORTED = [
    "alembic.command",
    "gate_policy.catalogue",
    "gate_store.migrate",
    "gate_store.queries",
    "langgraph.checkpoint.postgres.aio",
    "langgraph.checkpoint.sqlite.aio",
    "plangate.kafka.registry",
    "plangate.wiring",
    "plangate.worker.readiness",
    "plangate.worker.resumer_wiring",
    "producers.submitter",
    "pydantic_settings",
    "rich.table",
    "stream_apps.process",
    "stream_apps.resumer.process",
    "tests.forked",
    "typer.main",
    "tests.preloaded",
]
_context = get_context("forkserver")
_context.set_forkserver_preload(_IMPORTED)

COMMAND = "plangate"  # in the place of a module: the console script


@dataclass(frozen=True)
class _Begin:
    """What a new process is told."""

    module: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    files: Sequence[str]  # stdin, stdout, stderr


class Forked:
    """As a `subprocess.Popen` of `python -m MODULE ARGUMENTS`, or of `plangate ARGUMENTS`.

    Output is appended to the files `out` and `err`.
    """

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        folder: Path,
        environment: Mapping[str, str],
        out: Path | None = None,
        err: Path | None = None,
        text: Path | None = None,
    ) -> None:
        for file in (out, err):
            if file is not None:
                file.touch()  # who asked may look at once
        files = [str(file or os.devnull) for file in (text, out, err)]
        begin = _Begin(module, [str(each) for each in arguments], folder, dict(environment), files)
        self._process = _context.Process(target=_run, args=(begin,), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit code of a process that has ended; below 0 it is a signal's number."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises `subprocess.TimeoutExpired` after `timeout` s."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def killed(module: str, *arguments: str | Path, timeout: float = 90) -> None:
    """Run a module that ends by SIGKILL."""
    with NamedTemporaryFile() as log:
        said = Path(log.name)
        process = Forked(module, *arguments, folder=Path.cwd(), environment=os.environ, out=said, err=said)
        try:
            assert process.wait(timeout) == -signal.SIGKILL, said.read_text()
        finally:
            process.kill()


def _run(begin: _Begin) -> None:
    """The life of a forked process."""
    os.chdir(begin.folder)
    os.environ.clear()
    os.environ.update(begin.environment)
    _redirect(begin.files)
    sys.argv = [begin.module, *begin.arguments]
    code = _exit_code(begin.module)
    threading._shutdown()  # type: ignore[attr-defined] # as Python itself: threads that do not end keep the process
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a forked process of multiprocessing's ends so too


def _redirect(files: Sequence[str]) -> None:
    flags = (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT | os.O_APPEND] * 2)
    for number, (file, flag) in enumerate(zip(files, flags, strict=True)):
        opened = os.open(file, flag, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream: Any = os.fdopen(number, mode, encoding="utf-8", closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stderr.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr] # as Python's own


def _exit_code(module: str) -> int:
    try:
        if module == COMMAND:
            from plangate.cli.main import main  # noqa: PLC0415 - it reads the environment

            main()
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
