"""A project with a catalogue and a graph, on a stack that `plangate dev` runs for it."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from gate_store import queries
from gate_store.database import open_store
from tests.cli.commands import PLANGATE, SECRET, Shell

T = TypeVar("T")
STARTS_S = 120.0
HAPPENS_S = 60.0

CATALOGUE = """\
version: 1
actions:
  note: {tier: REVERSIBLE, idempotent: true, says: "Note {{ text }}"}
  tag:
    tier: PARTIALLY_REVERSIBLE
    says: "Tag {{ who }}"
    arguments: [who]
    undo: {action: untag, arguments: {who: "{{ who }}"}}
  untag: {tier: PARTIALLY_REVERSIBLE, high_stakes: true, says: "Untag {{ who }}", arguments: [who],
          undo: {action: tag, arguments: {who: "{{ who }}"}}}
  send_email: {tier: IRREVERSIBLE, says: "Email {{ to }} with {{ token }}", secret: [token]}
"""

GRAPH = """\
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from plangate import Plan, Step, effect, effects, gate

DONE = Path(__file__).with_name("done.txt")


class State(TypedDict, total=False):
    run: str
    action: str
    arguments: list[dict[str, Any]]
    verdict: dict[str, Any]


def ask(state: State) -> State:
    steps = [Step(state["action"], arguments) for arguments in state["arguments"]]
    return {"verdict": gate(Plan(goal="test", steps=steps)).to_dict()}


def act(state: State) -> State:
    verdict = state["verdict"]
    if not verdict["approved"]:
        write(state["run"], verdict["state"], verdict["note"])
    for step in verdict["steps"]:
        effects().once(step, partial(do, state["run"]))
    return {}


@effect("note", "tag", "untag", "send_email")
def do(run: str, step: Step) -> None:
    first = not DONE.exists() or f"{run} " not in DONE.read_text()
    write(run, step.step_id, step.arguments)
    if first and step.arguments.get("dies"):
        os.kill(os.getpid(), signal.SIGKILL)


@effect("untag")
def untag(step: Step) -> None:
    write("untagged", step.step_id, step.arguments["who"])


def write(*words: Any) -> None:
    with DONE.open("a") as file:
        print(*words, file=file)


graph = (
    StateGraph(State)
    .add_node("ask", ask)
    .add_node("act", act)
    .add_edge(START, "ask")
    .add_edge("ask", "act")
    .add_edge("act", END)
)
"""


class Project(Shell):
    """Commands in a project whose stack runs."""

    def submit(self, run: str, action: str, *arguments: dict[str, Any]) -> str:
        """Run the graph until its gate; its plan's id."""
        given = json.dumps({"run": run, "action": action, "arguments": arguments})
        done = self.run("submit", "mine", "--input", given, "--thread-id", run, "--no-wait", "--json").json
        return str(done["plan_id"])

    def waiting(self, plan_id: str, timing: str = "BEFORE") -> dict[str, Any]:
        """The plan's gate, once `pending` shows it."""
        return until(lambda: next(iter(self._waiting(plan_id, timing)), None))

    def _waiting(self, plan_id: str, timing: str) -> list[dict[str, Any]]:
        with self.store() as conn:
            gates = queries.pending(conn, limit=1000)
        return [gate for gate in gates if gate["plan_id"] == plan_id and gate["timing"] == timing]

    def asked(self, run: str, *emails: str) -> dict[str, Any]:
        """The gate of a plan that sends these emails."""
        steps = [{"to": to, "token": SECRET} for to in emails]
        return self.waiting(self.submit(run, "send_email", *steps))

    def done(self, run: str, lines: int = 1) -> list[str]:
        """What the run wrote into its file, once there are so many lines."""
        return until(lambda: found if len(found := self._done(run)) >= lines else None)

    def _done(self, run: str) -> list[str]:
        file = self.folder / "done.txt"
        text = file.read_text() if file.exists() else ""
        return [line.removeprefix(f"{run} ") for line in text.splitlines() if line.startswith(f"{run} ")]

    def ended(self, run: str) -> str:
        """The state in which the run ended."""
        return until(lambda: next((s for s in self._states(run) if s in ("DONE", "FAILED", "STALE")), None))

    def _states(self, run: str) -> list[str]:
        with self.store() as conn:
            return [row["status"] for row in queries.list_runs(conn) if row["thread_id"] == run]

    @contextmanager
    def store(self) -> Iterator[Connection]:
        """A look at the store without the second that a command takes to start."""
        engine = open_store(self.environment["PLANGATE_STORE_URL"])
        with engine.connect() as conn:
            yield conn
        engine.dispose()


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Project]:
    """`plangate dev` in `folder`, until the block ends."""
    project = Project(folder)
    project.write("catalogue.yaml", CATALOGUE)
    undo = {"plangate": {"mine": {"undo": {"untag": "./graph.py:untag"}}}}
    project.write("langgraph.json", json.dumps({"graphs": {"mine": "./graph.py:graph"}, **undo}))
    project.write("graph.py", GRAPH)
    with (folder / "dev.log").open("a") as log:
        process = subprocess.Popen(
            [PLANGATE, "dev", *arguments], cwd=folder, env=project.variables, stdout=log, stderr=log
        )
    environment = folder / ".plangate" / "env"
    try:
        until(lambda: environment.exists() or _ended(process, folder), STARTS_S)
        yield Project(folder, _exports(environment.read_text()))
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(240)
    assert code == 0, (folder / "dev.log").read_text()


def _ended(process: subprocess.Popen[bytes], folder: Path) -> bool:
    assert process.poll() is None, (folder / "dev.log").read_text()
    return False


def _exports(text: str) -> dict[str, str]:
    pairs = (line.removeprefix("export ").split("=", 1) for line in text.splitlines())
    return {name: value.strip("'") for name, value in pairs}


def until(look: Callable[[], T | None], timeout: float = HAPPENS_S) -> T:
    """What `look` returns once it is true."""
    deadline = time.monotonic() + timeout
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)
    return seen
