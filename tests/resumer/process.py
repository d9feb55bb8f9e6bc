"""A resumer in a process of its own, that a test can kill."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from tests.forked import Forked

ROOT = Path(__file__).parents[2]


class ResumerProcess:
    """See `resumer_process`."""

    def __init__(self, process: Forked) -> None:
        self._process = process

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after this signal."""
        if self._process.poll() is None:
            self.send(number)
        return await asyncio.to_thread(self._process.wait, 30)


@asynccontextmanager
async def resumer_process(
    url: str,
    env: dict[str, str] | None = None,
    *,
    module: str = "child",
    package: str = "resumer",
    log: Path | None = None,
    **changes: Any,
) -> AsyncIterator[ResumerProcess]:
    """A resumer with that config, its words in `log`; `supervised` starts it again when it dies.

    That of the package `undo` executes undo plans.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    name = f"tests.{package}.{module}"
    with NamedTemporaryFile() as unnamed:
        said = log or Path(unnamed.name)
        forked = Forked(name, url, json.dumps(changes), folder=ROOT, environment=environment, err=said)
        process = ResumerProcess(forked)
        try:
            yield process
        finally:
            await process.end(signal.SIGKILL)
            sys.stderr.write(said.read_text())  # beside a test that fails
