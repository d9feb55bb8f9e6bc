"""A gate takes six lines of 80 columns at most, and they say what tells whether to open it."""

from datetime import timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from plangate.cli.gate_block import block
from tests.cli.test_story import CATALOGUE, NOW, PAINT, gate

LONG = "repeats what was already done within 24 hours, and nobody remembers why " * 20


def lines(view: dict[str, Any], width: int = 80) -> list[str]:
    console = Console(width=width, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - nobody reads it
    return block({"views": [], **view}, CATALOGUE, NOW + timedelta(minutes=5), console)


def with_review(view: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**view, "review": {**view["review"], **changes}}


def finding(text: str) -> dict[str, Any]:
    return {"check": "c", "text": text, "step_ids": []}


def test_what_needs_judgment_stands_first_then_the_sentence_then_who_and_when() -> None:
    view = with_review(gate("pay", "list"), findings=[finding("it is a holiday"), finding("and late")])
    view["proposer"] = "ops"
    first, what, how_far, who = lines(view)
    assert first == f"{view['request_id'][:8]}  ! it is a holiday (and 1 more warning)"
    assert what == "          Pay thing 1 (and 1 more sentence)"
    assert how_far.startswith("          IRREVERSIBLE, asked 5 min ago, ")
    assert how_far.endswith(" left")
    assert who == f"          from {view['agent']['name']}, proposed by ops"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_however_much_is_said_it_is_six_lines_that_fit(width: int) -> None:
    view = with_review(gate("pay"), findings=[finding(LONG), finding("x")])
    view["review"]["groups"][0]["text"] = "支払い" * 200
    view["agent"]["name"] = view["proposer"] = "名" * 100
    view["review"]["terms"]["quorum"] = 9
    view["approved_by"] = [f"{number} {'n' * 90}" for number in range(8)]
    view["views"] = [{"who": "w" * 500, "what": "SEEN", "at": NOW}]
    told = lines(view, width)
    assert len(told) == 6
    assert max(map(cell_len, told)) <= width
    assert view["request_id"][:8] == told[0][:8]
    if width >= 80:
        assert "(and 1 more warning)" in told[1]


def test_how_far_a_quorum_is_and_who_looked_is_told() -> None:
    view = gate("pay")
    view["review"]["terms"]["quorum"] = 2
    looks = [("DELIVERED", "ana"), ("DELIVERED", "ben"), ("DELIVERED", "cyn")]
    view["views"] = [{"what": what, "who": who, "at": NOW} for what, who in looks]
    assert lines(view)[-2].endswith(" left, 0 of 2")
    assert lines(view)[-1].endswith(", delivered to ana, ben and 1 more")
    seen = {**view, "approved_by": ["ana"], "views": [*view["views"], {"what": "SEEN", "who": "ana"}]}
    assert lines(seen)[-2].endswith(" left, 1 of 2: ana")
    assert lines(seen)[-1].endswith(", seen by ana")


def test_what_is_in_doubt_is_told_as_the_step_that_may_have_happened() -> None:
    view = {**gate("pay", "pay"), "kind": "IN_DOUBT", "timing": "AFTER"}
    view["review"]["groups"] = [
        {"text": "Step 2 may or may not …", "tier": "IRREVERSIBLE", "step_ids": ["2"]}
    ]
    assert lines(view)[0].endswith("  in doubt whether it happened: Pay thing 2")


def test_what_has_run_already_says_so() -> None:
    assert "done already, to confirm or undo: Pay thing 1" in lines({**gate("pay"), "timing": "AFTER"})[0]


def test_what_expired_says_when_and_that_nobody_looked() -> None:
    view = with_review(gate("pay"))
    view = {**view, "state": "EXPIRED"}
    view["review"]["terms"] = {**view["review"]["terms"], "deadline": NOW.isoformat()}
    assert lines(view)[-2].endswith("expired 5 min ago")
    assert lines(view)[-1].endswith("nobody is known to have looked")


def test_words_of_others_paint_nothing() -> None:
    view = with_review(gate("pay", what=PAINT), findings=[finding(PAINT)])
    view["agent"]["name"] = PAINT
    assert not {"\x1b", "\u202e", "\r", "\n"} & set("".join(lines(view)))
