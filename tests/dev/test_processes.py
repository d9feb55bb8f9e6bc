"""Children that say why they died and never outlive their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from plangate.dev.errors import DevServiceError
from plangate.dev.processes import ChildProcess

_PARENT = """
import sys
from pathlib import Path
from plangate.dev.processes import ChildProcess
print(ChildProcess("sleeper", ["sleep", "600"], log=Path(sys.argv[1])).pid, flush=True)
sys.stdin.read()
"""


def eventually(condition: Callable[[], object], timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


def is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


# Several times, because the parent may die in the moment before the kernel knows what to do then.
@pytest.mark.parametrize("sent", [signal.SIGTERM, *[signal.SIGKILL] * 8])
def test_a_child_dies_with_its_parent(sent: signal.Signals, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path / "log"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not is_dead(child)
    parent.send_signal(sent)
    parent.wait(10)
    eventually(partial(is_dead, child))


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    children: list[ChildProcess] = []
    start = threading.Thread(
        target=lambda: children.append(ChildProcess("sleeper", ["sleep", "600"], log=tmp_path / "log"))
    )
    start.start()
    start.join()
    time.sleep(0.3)  # the kernel's signal would have come by now
    assert children[0].is_running
    children[0].kill()


def test_a_child_that_dies_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = ChildProcess("broken", ["sh", "-c", "echo port taken; exit 3"], log=tmp_path / "log")
    with pytest.raises(DevServiceError, match=r"broken: ended with code 3 while starting; .*\nport taken"):
        child.wait_until(lambda: False, timeout=10)


def test_a_child_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    child = ChildProcess("slow", ["sleep", "600"], log=tmp_path / "log")
    with pytest.raises(DevServiceError, match="slow: not ready after 0 s"):
        child.wait_until(lambda: False, timeout=0.2)
    assert not child.is_running


def test_a_child_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    child = ChildProcess("deaf", ["sh", "-c", "trap '' TERM; echo set; sleep 600"], log=tmp_path / "log")
    eventually(lambda: "set" in (tmp_path / "log").read_text())
    child.stop(timeout=0.2)
    assert not child.is_running


def test_a_kill_takes_the_childs_children_along(tmp_path: Path) -> None:
    child = ChildProcess("family", ["sh", "-c", "setsid sleep 600 & echo $!; wait"], log=tmp_path / "log")
    eventually(lambda: (tmp_path / "log").read_text().strip())
    grandchild = int((tmp_path / "log").read_text())
    eventually(lambda: os.getpgid(grandchild) != child.pid)
    child.kill()
    eventually(partial(is_dead, grandchild))
