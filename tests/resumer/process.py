"""A resumer in a process of its own, that a test can kill."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class ResumerProcess:
    """See `resumer_process`."""

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        self._popen = popen

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after this signal."""
        if self._popen.poll() is None:
            self.send(number)
        return await asyncio.to_thread(self._popen.wait, 30)


@asynccontextmanager
async def resumer_process(
    url: str,
    env: dict[str, str] | None = None,
    *,
    module: str = "child",
    log: Path | None = None,
    **changes: Any,
) -> AsyncIterator[ResumerProcess]:
    """A resumer with that config, its words in `log`; `supervised` starts it again when it dies."""
    arguments = [sys.executable, "-m", f"tests.resumer.{module}", url, json.dumps(changes)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    with ExitStack() as files:
        said = files.enter_context(log.open("w")) if log else None
        popen = subprocess.Popen(  # noqa: ASYNC220 - the test owns its loop, and waits for the child off it
            arguments, cwd=ROOT, env=environment, stderr=said
        )
    process = ResumerProcess(popen)
    try:
        yield process
    finally:
        await process.end(signal.SIGKILL)
