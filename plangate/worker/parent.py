"""A worker's children end with it, however it ends."""

import ctypes
import os
import signal

PARENT = "SUPERVISOR_PID"  # in the environment of a supervisor's children

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies (Linux; elsewhere nothing).

    A parent that names itself under `PARENT` may have died while this process was still importing.
    """
    parent = int(os.environ.get(PARENT, os.getppid()))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel knew
            os.kill(os.getpid(), signal.SIGTERM)
