"""`plangate init` makes a project whose own test passes, and overwrites nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plangate.cli.command_name import command_name
from plangate.cli.new_project import WHAT, graph_name, make
from stream_apps.resumer.graphs_file import read_graphs_file
from tests.cli.commands import Shell
from tests.docs.markdown import ROOT


def test_a_project_is_made_and_the_next_two_commands_are_said(tmp_path: Path) -> None:
    told = Shell(tmp_path).run("init", "My Agent")
    assert told.code == 0, told.err
    made = tmp_path / "My Agent"
    assert {file.name for file in made.iterdir()} == set(WHAT)
    assert [name for name in WHAT if name not in told.out] == []
    assert set(read_graphs_file(made / "langgraph.json")["graphs"]) == {"my-agent"}
    assert "plangate submit my-agent" in (made / "README.md").read_text()
    dev, submit = (line for line in told.out.splitlines() if line.startswith("cd 'My Agent' && "))
    assert dev.endswith("plangate dev")
    assert 'plangate submit my-agent --input \'{"orders": [' in submit


def test_the_project_is_the_example_of_the_quickstart_but_for_the_graphs_name(tmp_path: Path) -> None:
    make(tmp_path, "refunds")
    example = ROOT / "examples/refunds"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        file.name: file.read_text() for file in example.iterdir() if file.is_file()
    }


def test_the_projects_own_test_passes(tmp_path: Path) -> None:
    make(tmp_path, "agent")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "3 passed" in ran.stdout
    assert not (tmp_path / "refunds.txt").exists()


@pytest.mark.parametrize("name", ["graph.py", "test_graph.py"])
def test_a_file_that_is_there_is_named_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / "nowhere")
    Shell(tmp_path).run("init").complains(f"{name} is there already", "nothing is overwritten")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    Shell(tmp_path).run("init", "taken").complains("taken", "give another folder")
    Shell(tmp_path).run("init", "taken/below").complains("taken/below", "give a folder that can be written")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my-agent", "my-agent"),
        ("Rückerstattung 2", "ruckerstattung-2"),
        ("--refunds--", "refunds"),
        ("a.b/c_d", "c-d"),
        ("x" * 60, "x" * 40),
        ("\u202e\U0001f642", ""),
    ],
)
def test_the_graph_is_named_after_the_folder(folder: str, name: str) -> None:
    assert graph_name(Path(folder)) == name


def test_a_folder_whose_name_names_no_graph_is_refused(tmp_path: Path) -> None:
    Shell(tmp_path).run("init", "\u202e\U0001f642").complains("no letter a to z", "name the folder otherwise")
    assert list(tmp_path.iterdir()) == []


def test_the_next_commands_begin_as_the_reader_can_type_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = tmp_path / ".venv" / "bin" / "plangate"
    command.parent.mkdir(parents=True)
    command.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(command)])
    assert command_name() == ".venv/bin/plangate"
    assert command_name(Path("agent")) == "../.venv/bin/plangate"
    monkeypatch.setenv("PATH", str(command.parent))
    assert command_name() == "plangate"
