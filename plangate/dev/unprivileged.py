"""Who runs a service that refuses root, and what that user can reach."""

import os
import stat
from pathlib import Path
from typing import TypedDict

ENTERED_BY_NOBODY = 0o711  # of a folder below which another user works, and that it may not list


class Identity(TypedDict, total=False):
    """Popen's arguments for another user; empty for this one."""

    user: str
    group: str
    extra_groups: list[str]


def identity() -> Identity:
    """Nobody when this process is root, else this user."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def barrier(path: Path) -> Path | None:
    """The first parent folder of `path` that users other than its owner cannot enter, if any."""
    for folder in reversed(path.resolve().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None
