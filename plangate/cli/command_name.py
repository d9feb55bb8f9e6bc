"""How `plangate` is called again by whoever called it now."""

import os
import shutil
import sys
from pathlib import Path
from shlex import quote


def command_name(folder: Path = Path()) -> str:
    """The command as it is typed in `folder`: its name where the PATH leads to it, else the shorter path."""
    own = Path(sys.argv[0]).absolute()
    if (found := shutil.which("plangate")) and Path(found).resolve() == own.resolve():
        return "plangate"
    return quote(min(os.path.relpath(own, folder), str(own), key=len))
