"""The person at the keyboard of the demo: only the words that are offered, and again otherwise."""

import io
from pathlib import Path

import pytest
import typer

from gate_events.records import ApprovalRequested
from gate_events.values import Step
from gate_events.words import DecisionKind
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from plangate.cli.output import console
from plangate.demo.keyboard import interactive, open_mails
from plangate.demo.planner import notice
from plangate.demo.reviewer import without_warnings
from plangate.demo.story import Customer
from plangate.examples import example
from tests.policy.plans import NOW, plan

CATALOGUE = load_catalogue(example("catalogues/billing.yaml").read_text())
PAID, OPEN = Customer(1), Customer(13)


@pytest.fixture(autouse=True)
def of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 80)


def asked(*paid: bool) -> ApprovalRequested:
    """A plan with a mail for each: to a customer who has paid, or to one who has not."""
    notices = [notice(PAID if each else OPEN, paid=each) for each in paid]
    steps = [
        Step(step_id=f"s{nth}", action_type=one.action_type, arguments=one.arguments)
        for nth, one in enumerate(notices, start=1)
    ]
    request = route(plan(*steps), CATALOGUE, now=NOW)
    assert isinstance(request, ApprovalRequested)
    return request


def decided(
    request: ApprovalRequested, *lines: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[DecisionKind, list[Step] | None, str]:
    """What is decided by who types these lines."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return interactive(request, without_warnings(request))


@pytest.mark.parametrize(
    "word", ["quatsch", "yes", "?", "a", "e", "r", "", "approve 3", "approve it", "rejected"]
)
def test_what_is_none_of_the_words_decides_nothing_and_is_asked_again(
    word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, steps, note = decided(asked(True, False), word, "approve", "as it is", monkeypatch=monkeypatch)
    assert (kind, steps, note) == (DecisionKind.APPROVE, None, "as it is")
    said = capsys.readouterr().out
    assert ("that is none of the words here: approve, edit, reject" in said) == bool(word)
    assert said.count("ana> ") == 2


def test_only_a_word_and_no_end_of_input_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(typer.Abort):
        decided(asked(True, False), "approve it", monkeypatch=monkeypatch)


def test_an_edit_keeps_what_has_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, steps, _ = decided(asked(True, False, True), "edit", "", monkeypatch=monkeypatch)
    assert kind is DecisionKind.EDIT
    assert steps is not None
    assert [step.step_id for step in steps] == ["s2"]


@pytest.mark.parametrize("paid", [(False, False), (True, True)])
def test_an_edit_that_would_keep_all_or_nothing_is_not_offered(
    paid: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, steps, _ = decided(asked(*paid), "edit", "reject", "", monkeypatch=monkeypatch)
    assert (kind, steps) == (DecisionKind.REJECT, None)
    said = capsys.readouterr().out
    assert "edit: no step has a warning, or all have" in said
    assert "without a warning run" not in said


def test_a_look_at_steps_mails_and_names_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = ("show 2", "mail 1", "names", "plan", "help", "show 4", "mail 0")
    assert decided(asked(True, False, True), *looks, "reject", "", monkeypatch=monkeypatch)[2] == ""
    said = capsys.readouterr().out
    assert f"invoice: {OPEN.invoice}\n" in said
    assert f"    To: {PAID.email}\n" in said
    assert f"    Invoice {PAID.invoice} over {PAID.amount} EUR is overdue.\n" in said
    assert f"! 2 have paid:\n    1 {PAID.name}" in said
    assert f"without a warning:\n    2 {OPEN.name}" in said
    assert "show 4: the plan has steps 1 to 3" in said
    assert "mail 0: the plan has steps 1 to 3" in said


def test_any_mail_that_arrived_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "001-ann.eml").write_text("To: ann\n\nfirst")
    (tmp_path / "002-bob.eml").write_text("To: bob\n\nto \u202ebob")
    monkeypatch.setattr("sys.stdin", io.StringIO("mails\nmail 2\nmail 3\nmail\nend\nmail 1\n"))
    open_mails(tmp_path)
    said = capsys.readouterr().out
    assert "001-ann" in said
    assert "    to \\u202ebob\n" in said
    assert "mail 3: 2 arrived, from 1 on" in said
    assert "that is none of the words here: mails, mail N, help, end" in said
    assert "first" not in said


def test_the_end_of_input_is_enough_of_mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    open_mails(tmp_path)
