"""`plangate dev` sees what changes in a project: its code, its catalogue, its graphs, and nothing else."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plangate.dev.changes import Changes, watched_project
from plangate.settings import Settings

PATIENCE_S = 60.0


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[Changes]:
    (tmp_path / "lib").mkdir()
    (tmp_path / ".plangate").mkdir()
    settings = Settings(catalogue=tmp_path / "catalogue.yaml", graphs=tmp_path / "langgraph.json")
    with watched_project(settings, tmp_path / ".plangate") as found:
        _until_it_watches(found, tmp_path)
        yield found


def _until_it_watches(changes: Changes, folder: Path) -> None:
    def is_seen() -> bool:
        (folder / "probe.py").write_text(str(time.monotonic()))
        return bool(changes.take())

    _until(is_seen)
    (folder / "probe.py").unlink()
    _until(lambda: folder / "probe.py" in changes.take())


def _until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["graph.py", "lib/helper.py", "catalogue.yaml", "langgraph.json", ".env"])
def test_what_belongs_to_the_project_is_seen(changes: Changes, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("changed")
    _until(lambda: tmp_path / name in changes.take())


def test_what_does_not_belong_to_it_is_not(changes: Changes, tmp_path: Path) -> None:
    for name in ("done.txt", ".plangate/worker.py", "lib/notes.yaml"):
        (tmp_path / name).write_text("changed")
    seen: set[Path] = set()

    def last_is_seen() -> bool:
        (tmp_path / "last.py").write_text(str(time.monotonic()))
        seen.update(changes.take())
        return tmp_path / "last.py" in seen

    _until(last_is_seen)
    assert seen == {tmp_path / "last.py"}
