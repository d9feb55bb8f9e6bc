"""The logins of a laboratory's parts, where each has one of its own: left in its folder for the processes."""

import json
from collections.abc import Mapping
from pathlib import Path

Logins = Mapping[str, Mapping[str, str]]
"""The environment in which each role speaks; empty: everybody speaks as one."""


def keep(logins: Logins, folder: Path) -> None:
    """For the child processes of the laboratory in this folder."""
    file = _file(folder)
    file.touch(0o600)
    file.write_text(json.dumps(logins))


def kept(folder: Path) -> Logins:
    """What `keep` left there."""
    file = _file(folder)
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _file(folder: Path) -> Path:
    return folder / "logins.json"
