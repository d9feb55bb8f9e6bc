"""Folders to run commands in."""

from pathlib import Path

import pytest

from tests.cli.commands import CATALOGUE, NO_BROKER, PLAN, Shell
from tests.stores import migrated


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A project with a catalogue and a plan; no broker, and no store yet."""
    made = Shell(tmp_path, {"PLANGATE_KAFKA_BOOTSTRAP_SERVERS": NO_BROKER})
    made.write("catalogue.yaml", CATALOGUE)
    made.write("plan.json", PLAN)
    return made


@pytest.fixture
def stored(shell: Shell) -> Shell:
    """The same with a store."""
    migrated(f"sqlite:///{shell.folder / 'plangate.db'}")
    return shell
