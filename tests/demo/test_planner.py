"""Which branch the demo's agent takes: by rule, or by a chat model."""

import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from plangate.demo.planner import (
    ANSWER,
    EDGE,
    EXTEND,
    PlannerError,
    branch_by,
    branch_by_rule,
    branch_chooser,
    steps_for_inquiry,
)
from plangate.demo.story import Customer, customers


@dataclass
class Said:
    content: str


class FakeModel:
    """A chat model as LangChain has them."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def invoke(self, prompt: str) -> Said:
        self.asked.append(prompt)
        return Said(self.answer)


@pytest.mark.parametrize(
    ("answer", "branch"),
    [
        ("extend", EXTEND),
        (" 'Edge'.\n", EDGE),
        ("answer", ANSWER),
        ("delete everything", ANSWER),
        ("", ANSWER),
    ],
)
def test_a_model_picks_a_branch_and_nonsense_is_the_harmless_one(answer: str, branch: str) -> None:
    model = FakeModel(answer)
    assert branch_by(model)("May I pay later?") == branch
    assert "May I pay later?" in model.asked[0]


def test_a_named_model_is_loaded_as_langchain_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    fake = ModuleType("langchain.chat_models")
    fake.init_chat_model = lambda name: named.append(name) or FakeModel("edge")  # type: ignore[attr-defined, func-returns-value] # a stand-in
    monkeypatch.setitem(sys.modules, "langchain", ModuleType("langchain"))
    monkeypatch.setitem(sys.modules, "langchain.chat_models", fake)
    monkeypatch.setenv("PLANGATE_DEMO_MODEL", "provider:model")
    assert branch_chooser()("anything") == EDGE
    assert named == ["provider:model"]


def test_without_langchain_a_named_model_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_DEMO_MODEL", "provider:model")
    monkeypatch.setitem(sys.modules, "langchain", None)
    with pytest.raises(PlannerError, match="unset PLANGATE_DEMO_MODEL"):
        branch_chooser()


def test_the_rule_takes_every_branch_of_the_story() -> None:
    branches = [branch_by_rule(customer.inquiry) for customer in customers()]
    assert (branches.count(EXTEND), branches.count(EDGE), branches.count(ANSWER)) == (10, 20, 170)


@pytest.mark.parametrize(
    ("branch", "action"), [(EXTEND, "tag_account"), (EDGE, "add_note"), (ANSWER, "add_note")]
)
def test_a_branch_looks_first_and_then_acts(branch: str, action: str) -> None:
    assert [step.action_type for step in steps_for_inquiry(Customer(7), branch)] == [
        "look_up_invoice",
        action,
    ]
