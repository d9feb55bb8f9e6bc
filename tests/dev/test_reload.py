"""What changes in a project comes into force: code by new workers, the catalogue by SIGHUP."""

import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from plangate.dev.changes import Changes
from plangate.dev.reload import Reload
from plangate.dev.stack import Stack
from plangate.settings import Settings

RIGHT = "version: 1\nactions: {note: {tier: REVERSIBLE}}\n"
STRICTER = "version: 1\nactions: {note: {tier: IRREVERSIBLE}}\n"


@dataclass
class FakeWorker:
    log: Path
    name: str = "worker-1"
    pid: int = 4711
    is_running: bool = True
    restarts: int = 0

    def restart(self) -> None:
        self.restarts += 1
        self.is_running = True


@dataclass
class Scene:
    folder: Path
    signals: list[tuple[int, int]]
    serves: bool = False
    behind: str = ""
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.catalogue = self.folder / "catalogue.yaml"
        self.catalogue.write_text(RIGHT)
        self.worker = FakeWorker(self.folder / "worker-1.log")
        self.changes = Changes()
        settings = Settings(catalogue=self.catalogue, graphs=self.folder / "langgraph.json")
        stack = Stack(settings, {}, "mock", cast(Any, [self.worker]))
        self.reload = Reload(
            stack, self.changes, lambda _since: self.serves, lambda: self.behind, self.said.append
        )

    def change(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text)
        self.changes.note(frozenset({self.folder / name}))
        self.reload.look()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr("os.kill", lambda pid, number: signals.append((pid, number)))
    return Scene(tmp_path, signals)


def test_changed_code_starts_the_workers_again(scene: Scene) -> None:
    scene.change("graph.py")
    assert (scene.worker.restarts, scene.signals) == (1, [])
    assert scene.said == ["graph.py changed: the workers start again; runs in hand finish first"]
    scene.reload.look()
    assert len(scene.said) == 1  # not before they serve
    scene.serves, scene.behind = True, "these runs paused before their graph changed: t1"
    scene.reload.look()
    scene.reload.look()
    assert scene.said[1:] == ["what changed is in force; these runs paused before their graph changed: t1"]


def test_a_changed_catalogue_is_read_by_the_workers_that_run(scene: Scene) -> None:
    scene.serves = True
    scene.change("catalogue.yaml", STRICTER)
    assert (scene.worker.restarts, scene.signals) == (0, [(4711, signal.SIGHUP)])
    assert scene.said == ["catalogue.yaml changed: the workers read it", "what changed is in force"]


def test_one_that_says_the_same_changes_nothing(scene: Scene) -> None:
    scene.change("catalogue.yaml", f"# a remark\n{RIGHT}")
    assert (scene.said, scene.signals) == ([], [])


def test_a_broken_catalogue_is_not_taken_and_its_faults_are_said(scene: Scene) -> None:
    scene.change("catalogue.yaml", "version: 1\nactions: {note: {tier: HARMLESS}}\n")
    assert (scene.worker.restarts, scene.signals) == (0, [])
    (said,) = scene.said
    assert "is not taken" in said
    assert "HARMLESS" in said
    scene.change("catalogue.yaml", STRICTER)
    assert scene.signals == [(4711, signal.SIGHUP)]


def test_workers_that_end_over_a_change_start_again_with_the_next(scene: Scene) -> None:
    scene.change("graph.py", "syntax error")
    scene.worker.log.write_text("graph 'mine' (langgraph.json): invalid syntax")
    scene.worker.is_running = False
    scene.reload.look()
    assert "mend it and save: its log ends with:\ngraph 'mine'" in scene.said[-1]
    assert scene.reload.is_broken
    scene.change("catalogue.yaml", RIGHT)  # whatever is saved is a new try
    assert scene.worker.restarts == 2
    assert not scene.reload.is_broken


def test_an_end_of_watching_is_said(scene: Scene) -> None:
    scene.changes.trouble = "OSError: no watches left"
    scene.reload.look()
    scene.reload.look()
    assert scene.said == ["changes of files are not seen any more (OSError: no watches left): start again"]
