"""Whatever is printed, it is printed as it stands, and no text makes lines of its own."""

import json
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from plangate.cli import output, wait
from plangate.cli.output import FOLDED_AT, WRONG, indented, print_json, say, table

MISREAD = "db:key:prod and :stop_sign: [red]x[/red] [/] C:\\"
PAINT = "\x1b[2J\x9b31m\u202eevil\u200b\u3164\u2800"
SPELLED = r"\x1b[2J\x9b31m\u202eevil\u200b\u3164\u2800"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for on in (output.console, output.errors):
        monkeypatch.setattr(on, "width", 60)


@pytest.mark.parametrize("on", [output.console, output.errors])
def test_codes_markup_and_backslashes_stand_as_they_are(
    on: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    say(MISREAD, on)
    indented(MISREAD, 2, on)
    table("of", ("what",), [(MISREAD,)], on)
    output.complain(MISREAD)
    said = "".join(capsys.readouterr())
    assert said.count(MISREAD) == 4
    assert f"│ {MISREAD} │" in said


def test_below_a_failure_what_it_quotes_is_set_in_and_looks_like_no_line_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.complain("plangate: the log ends with:\nplangate: all is well\nok    store")
    assert capsys.readouterr().err.splitlines()[1:] == ["    plangate: all is well", "    ok    store"]


@pytest.mark.parametrize(("variables", "painted"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_failure_is_coloured_on_a_terminal_that_wants_it(variables: dict[str, str], painted: bool) -> None:
    on = Console(file=StringIO(), force_terminal=True, _environ={"TERM": "xterm", **variables})
    say("wrong store", on, style=WRONG)
    assert ("\x1b[31m" in on.file.getvalue()) is painted  # type: ignore[attr-defined]  # it is a StringIO


@pytest.mark.parametrize("on", [output.console, output.errors])
def test_what_nobody_sees_is_spelled_out_wherever_it_is_printed(
    on: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    say(PAINT, on)
    indented(PAINT, 2, on)
    table("of", ("what",), [(PAINT,), (["x", PAINT],)], on)
    output.complain(PAINT)
    said = "".join(capsys.readouterr())
    assert said.count(SPELLED) == 5
    assert not set(PAINT[0] + "\x9b\u202e\u200b\u3164\u2800") & set(said)


def test_a_document_escapes_what_nobody_sees_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": PAINT + "\U000e0001 größer 😀"}
    print_json(value)
    said = capsys.readouterr().out
    assert said.rstrip("\n").isprintable()
    assert "größer 😀" in said
    assert json.loads(said) == value


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("text", ["word " * 40, "x" * 150, "漢字" * 60, "a  " * 50])
def test_the_rest_of_a_folded_line_is_set_in_deeper_than_any_line(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    indented(text, 2)
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("  ")
    assert not first.startswith("   ")
    assert rest
    assert all(line.startswith(" " * FOLDED_AT) for line in rest)
    told = "".join([first, *rest]).replace(" ", "")
    assert told == text.replace(" ", "")


@pytest.mark.usefixtures("narrow")
def test_a_cell_is_whole_and_its_folded_rest_is_set_in(capsys: pytest.CaptureFixture[str]) -> None:
    table("of", ("id", "what"), [("3f2a9c1d", ["y" * 90, "! look"])])
    cells = [line.split("│")[2] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert "".join(cells).count("y") == 90
    assert [cell.strip()[:1] for cell in cells if not cell.startswith("   ")] == ["y", "!"]


def test_what_a_run_returned_is_never_folded_since_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.console, "width", 40)
    told: dict[str, Any] = {
        "message": "",
        "plan_id": None,
        "decided": None,
        "decided_by": "",
        "error": "",
        "thread_id": "night",
        "graph": "refunds",
        "status": "DONE",
        "steps": [],
        "output": {"orders": ["B42 and all that came with it on Monday", "C99"]},
        "unread": {},
    }
    with output.console.capture() as seen:
        wait.report(told)
    assert 'output: {"orders":["B42 and all that came with it on Monday","C99"]}' in seen.get().splitlines()
