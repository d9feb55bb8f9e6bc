import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks, files
from tests.docs.shell import Shell

DOCUMENT = ROOT / "docs/quickstart.md"
COMMAND = Path(sys.executable).with_name("plangate")

# A project's own modules with names that a careless package would take or mistake for its own.
OTHERS = {
    "events.py": "raise SystemExit('the events.py of the project was imported')",
    "inbox/__init__.py": "raise SystemExit('the inbox of the project was imported')",
    "producers/__init__.py": "raise SystemExit('the producers of the project was imported')",
    "producers/gate.py": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reader's folder: files of their own, and a virtual environment that has Plangate."""
    made = tmp_path / "refunds"
    made.mkdir()
    written(OTHERS, made)
    (made / ".venv").symlink_to(sys.prefix)
    return made


@pytest.fixture
def project(folder: Path) -> Path:
    """The same with the quickstart's files."""
    written(files(DOCUMENT), folder)
    return folder


def written(texts: dict[str, str], folder: Path) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


@contextmanager
def running(command: str, project: Path) -> Iterator[subprocess.Popen[str]]:
    """`plangate dev` in the reader's first shell, until it says how to reach it."""
    assert command == "plangate dev"
    with (project / "dev.log").open("w") as log:
        process = subprocess.Popen([COMMAND, "dev"], cwd=project, stdout=log, stderr=log, text=True)
    try:
        deadline = time.monotonic() + 240
        while not (project / ".plangate/env").exists():
            assert process.poll() is None, (project / "dev.log").read_text()
            assert time.monotonic() < deadline, "plangate dev does not get ready"
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(240)


@pytest.mark.long
def test_a_newcomer_gets_from_nothing_to_two_decided_plans_each_refund_once(folder: Path) -> None:
    make, check, start, *after = blocks(DOCUMENT, "sh")
    project = folder
    with Shell(project) as shell:
        shell.enter(f"PATH={COMMAND.parent}:$PATH")
        assert "with a graph named refunds" in shell.enter(make.strip())
        assert {name: (project / name).read_text() for name in files(DOCUMENT)} == files(DOCUMENT)
        assert "has no probe" in shell.enter(check.strip())
    with running(start.strip(), project) as dev, Shell(project) as shell:
        reader = Reader(shell, project)
        for line in "".join(after).splitlines():
            reader.follow(line)
    assert reader.approvals == 2
    assert (project / "refunds.txt").read_text() == "A17 20.00\nB42 40.00\nC99 20.00\n"
    assert dev.returncode == 0, (project / "dev.log").read_text()
    assert not (project / ".plangate/env").exists()


class Reader:
    """Types the document's lines as they stand, but for the id, which is another every time."""

    def __init__(self, shell: Shell, project: Path) -> None:
        self.shell = shell
        self.book = project / "refunds.txt"
        self.approvals = 0

    def follow(self, line: str) -> None:
        """One line, and what the document promises of it."""
        word = " ".join(line.split()[:2])
        if re.fullmatch(r"ID=[0-9a-f]{8}", line):
            self.shell.enter(f"ID={self.first_pending()}")
        elif word == "plangate pending":
            self.shell.enter_until(line, lambda said: "Refund 2 orders" in said)
        elif word == "plangate runs":
            self.shell.enter_until(line, lambda said: said.count("DONE") == self.approvals)
        elif line == "cat refunds.txt":
            assert len(self.shell.enter(line).splitlines()) == self.approvals + 1
        else:
            said = self.shell.enter(line)
            self.check(word, said)

    def check(self, word: str, said: str) -> None:
        """What the document says that a command shows or does."""
        if word == "plangate show":
            assert "Refund 20.00 EUR for order" in said or "Refund 40.00 EUR for order" in said
            assert self.book.exists() == bool(self.approvals), "nothing is paid before the approval"
        elif word in ("plangate approve", "plangate edit"):
            assert "APPROVED" in said
            self.approvals += 1
        elif word == "plangate doctor":
            assert "wrong" not in said

    def first_pending(self) -> str:
        """The beginning of the gate's id, as `pending` shows it."""
        (waiting,) = json.loads(self.shell.enter("plangate pending --json"))
        repeats = [finding["text"] for finding in waiting["review"]["findings"]]
        assert len(repeats) == min(self.approvals, 1)
        return str(waiting["request_id"])[:8]


def test_the_example_project_is_the_one_of_the_quickstart() -> None:
    shown = files(DOCUMENT)
    assert set(shown) == {"catalogue.yaml", "schemas.py", "policy.py", "graph.py", "langgraph.json"}
    example = ROOT / "examples/refunds"
    held = {path.name: path.read_text() for path in example.iterdir() if path.is_file()}
    assert held.keys() - shown.keys() == {"README.md", "test_graph.py"}
    assert {name: held[name] for name in shown} == shown


def test_a_graph_that_imports_the_projects_own_producers_gets_one_line(project: Path) -> None:
    (project / "graph.py").write_text("from producers.orders import late_orders\n")
    (project / "producers/orders.py").write_text("def late_orders(): return ['A17']\n")
    done = subprocess.run(
        [COMMAND, "submit", "refunds"], cwd=project, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "imports from producers" in line
    assert "rename" in line
