"""What `plangate dev` says of its folder before it starts anything."""

from pathlib import Path

import pytest

from plangate.dev.errors import DevServiceError
from plangate.dev.processes import ChildProcess
from tests.cli.commands import CATALOGUE, Shell

GRAPHS = '{"graphs": {"mine": "./graph.py:graph"}}'


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, ["no langgraph.json here", "`plangate init` makes a project"]),
        ({"langgraph.json": GRAPHS, "graph.py": ""}, ["no catalogue.yaml here", "`plangate init`"]),
        ({"catalogue.yaml": CATALOGUE + "extra: 1\n"}, ["catalogue.yaml:5", "extra"]),
        ({"catalogue.yaml": CATALOGUE, "langgraph.json": "{"}, ["langgraph.json", "is no JSON"]),
        ({"catalogue.yaml": CATALOGUE, "langgraph.json": GRAPHS}, ["mine", "./graph.py", "is not there"]),
    ],
)
def test_a_project_that_cannot_run_is_one_line_and_nothing_is_started(
    tmp_path: Path, files: dict[str, str], said: list[str]
) -> None:
    shell = Shell(tmp_path)
    for name, text in files.items():
        shell.write(name, text)
    shell.run("dev").complains(*said)
    assert {file.name for file in tmp_path.iterdir()} == set(files)


def test_a_folder_that_cannot_be_made_is_named_with_the_option(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.write("catalogue.yaml", CATALOGUE)
    shell.run("dev", "--folder", "catalogue.yaml/x").complains(
        "catalogue.yaml/x: not a directory", "give a --folder that can be written"
    )


def test_what_an_earlier_start_wrote_is_not_repeated(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    for word in ("first", "second"):
        child = ChildProcess("worker", ["sh", "-c", f"echo {word}"], log=log)
        with pytest.raises(DevServiceError) as failed:
            child.wait_until(lambda: False, timeout=60)
    assert log.read_text() == "first\nsecond\n"
    assert "second" in str(failed.value)
    assert "first" not in str(failed.value)
