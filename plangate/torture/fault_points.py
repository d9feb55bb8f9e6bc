"""Named places in the code where the laboratory can strike.

An armed point is a file; the first process that comes by takes it away and strikes itself.
"""

import os
import signal
import time
from pathlib import Path

from plangate.torture.lines import append
from plangate.torture.places import Places

IN_RESUMERS = (
    "claim.before",
    "claim.after",
    "flush.before",
    "flush.during",
    "flush.after",
    "effect.before",
    "effect.after",
    "publish.before",
    "publish.after",
    "renew.before",
)
IN_APPS = ("commit.before", "commit.after")
IN_SERVICES = ("service.effect.before", "service.effect.after")


class FaultPoints:
    """The fault points of this process."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def at(self, name: str) -> None:
        """Die here, or stop here, if this point is armed."""
        arm = self._places.arms / name
        if not arm.exists():
            return
        taken = arm.with_name(f".{name}.{os.getpid()}")
        try:
            arm.rename(taken)
        except FileNotFoundError:
            return  # another process was first
        strike(self._places, os.getpid(), taken.read_text().strip(), name)

    def arm(self, name: str, kind: str) -> None:
        """Have the next process that comes by struck; `kind` is kill or pause."""
        draft = self._places.arms / f".{name}.draft"
        draft.write_text(kind)
        draft.rename(self._places.arms / name)

    def disarm(self, name: str) -> bool:
        """Whether the point was still armed."""
        try:
            (self._places.arms / name).unlink()
        except FileNotFoundError:
            return False
        return True

    def taken(self, name: str) -> int | None:
        """The pid of the process that took the point since it was last forgotten."""
        found: list[Path] = list(self._places.arms.glob(f".{name}.[0-9]*"))
        for file in found:
            file.unlink()
            return int(file.suffix[1:])
        return None


def strike(places: Places, pid: int, kind: str, where: str) -> None:
    """Kill or stop a process, on the record before it happens."""
    append(places.faults, {"at": time.time(), "kind": kind, "pid": pid, "where": where})
    if kind == "kill":
        (places.awake / str(pid)).unlink(missing_ok=True)  # so that nobody kills the dead
    os.kill(pid, signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
