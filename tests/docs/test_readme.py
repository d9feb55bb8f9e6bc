import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from gate_events.words import DecisionKind
from gate_store.database import open_store
from gate_store.lookup import waiting_gate
from gate_store.queries import pending
from gate_store.tables import effects, runs
from plangate.dev.processes import tail
from plangate.dev.stack import services, workers
from plangate.wiring import open_producer
from producers.decisions import decide
from producers.submit import submit
from stream_apps.resumer.graphs import load_graphs
from tests.docs.markdown import ROOT, blocks

CATALOGUE = """\
version: 1
actions:
  send_overdue_notice:
    tier: IRREVERSIBLE
    says: "Email {{ customer }}"
    arguments: [customer]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (example,) = blocks(ROOT / "README.md", "python")
    (tmp_path / "graph.py").write_text(example)
    (tmp_path / "langgraph.json").write_text('{"graphs": {"reminders": "./graph.py:graph"}}')
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("graph", None)  # other projects of this suite have a module of that name


@pytest.mark.long
def test_the_graph_of_the_readme_stops_at_its_gate_and_acts_once_when_approved(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with services(project / ".plangate", "mock", None) as stack, workers(stack, project / ".plangate"):
        store = open_store(stack.settings.store_url)
        graph = asyncio.run(load_graphs(stack.settings.graphs))["reminders"].graph
        paused = submit(graph, {"customers": ["ann", "bob"]}, name="reminders", thread_id="monday")
        assert not paused.finished
        gate = _waits_for(lambda: _first(store))
        assert [group["text"] for group in gate["review"]["groups"]] == ["Email ann", "Email bob"]
        assert _effects(store) == []
        with open_producer(stack.settings, "test") as producer, store.connect() as conn:
            decide(producer, waiting_gate(conn, gate["request_id"]), DecisionKind.APPROVE, by="ana")
        _waits_for(lambda: _status(store, "monday") == "DONE")
        assert _effects(store) == ["sent to ann", "sent to bob"]


def _waits_for(look: Any) -> Any:
    """What `look` gives at last; else the test fails with what the worker said."""
    patient = Retrying(
        stop=stop_after_delay(60), wait=wait_fixed(0.1), retry=retry_if_result(lambda seen: not seen)
    )
    try:
        return patient(look)
    except RetryError:
        pytest.fail(f"in vain; the worker's log: {tail(Path('.plangate/worker-1.log'), 40)}")


def _first(store: Engine) -> dict[str, Any] | None:
    with store.connect() as conn:
        return next(iter(pending(conn)), None)


def _status(store: Engine, thread_id: str) -> str:
    with store.connect() as conn:
        return str(conn.execute(select(runs.c.status).where(runs.c.thread_id == thread_id)).scalar())


def _effects(store: Engine) -> list[str]:
    with store.connect() as conn:
        return list(conn.execute(select(effects.c.result).order_by(effects.c.step_id)).scalars())


def test_what_the_readme_imports_is_what_plangate_offers() -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    (line,) = (line for line in example.splitlines() if line.startswith("from plangate import"))
    offered = importlib.import_module("plangate").__all__
    assert set(line.removeprefix("from plangate import ").split(", ")) <= set(offered)
