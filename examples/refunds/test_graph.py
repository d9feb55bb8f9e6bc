"""The graph at a gate that answers at once: no Kafka, no store, no worker. `pytest` runs this."""

from pathlib import Path

import pytest
from graph import graph
from plangate.testing import FakeGate, approve, reject

AGENT = graph.compile()
ORDERS = {"orders": ["A17", "B42"]}


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where payments are written: in a folder of the test's own, since its effects are real."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "refunds.txt"


def test_it_asks_about_each_order_and_pays_what_was_approved(book: Path) -> None:
    ended = FakeGate(approve()).run(AGENT, ORDERS)
    (plan,) = ended.plans
    assert [step.arguments["amount"] for step in plan.steps] == ["20.00", "40.00"]
    assert book.read_text() == "A17 20.00\nB42 40.00\n"


def test_it_pays_only_what_the_reviewer_leaves_in_the_plan(book: Path) -> None:
    FakeGate(lambda plan: approve(plan.steps[:1])).run(AGENT, ORDERS)
    assert book.read_text() == "A17 20.00\n"


def test_it_pays_nothing_against_a_no(book: Path) -> None:
    assert FakeGate(reject("B42 was paid on Monday")).run(AGENT, ORDERS).effects == ()
    assert not book.exists()
