"""A resumer in a process of its own, that a test can kill."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

CODE = """
import sys, json
from tests.resumer.stage import config
from stream_apps.resumer.process import serve
serve(config(sys.argv[1], **json.loads(sys.argv[2])))
"""


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
    url: str, env: dict[str, str] | None = None, **changes: Any
) -> AsyncIterator[ResumerProcess]:
    arguments = [sys.executable, "-c", CODE, url, json.dumps(changes)]
    popen = subprocess.Popen(  # noqa: ASYNC220 - the test owns its loop, and waits for the child off it
        arguments, cwd=ROOT, env={**os.environ, **(env or {})}
    )
    process = ResumerProcess(popen)
    try:
        yield process
    finally:
        await process.end(signal.SIGKILL)
