"""No child outlives its supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SUPERVISE = """
import asyncio, sys
from plangate.worker.supervisor import Child, Supervisor
asyncio.run(Supervisor([Child("slow", "tests.faults.slow_child", [sys.argv[1]])]).run())
"""
PATIENCE_S = 20.0


def wait_until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_that_still_starts_when_its_supervisor_is_killed_ends_too(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", SUPERVISE, str(file)]) as supervisor:
        wait_until(lambda: file.exists() and file.read_text().isdigit())
        os.kill(supervisor.pid, signal.SIGKILL)
    child = int(file.read_text())
    try:
        wait_until(lambda: not alive(child))
    finally:
        if alive(child):
            os.kill(child, signal.SIGKILL)
