"""An edit changes what its reviewer touched, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_events.shown import hidden
from gate_policy.display import REDACTED, redacted
from plangate.cli.editable import as_text, of_text, with_untouched
from plangate.cli.failures import CommandError

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200) | st.sampled_from(
    [
        "a\tb\n\tc  d\n" * 20,
        "line one\r\nline two \r\n",
        "C:\\temp\\new\n  C:\\x",
        "\x85next\u2028line",
        " \ufeff",
        "😀 " * 90,
        "2026-11-30",
        "no",
        "1e3",
    ]
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
MEND = "mend it"


@settings(max_examples=60)
@given(st.lists(st.dictionaries(WORDS, PLAIN, min_size=1, max_size=3), min_size=1, max_size=3))
def test_what_the_editor_gets_reads_back_as_the_same(steps: list[dict[str, Any]]) -> None:
    assert json.dumps(of_text(as_text(steps), "it", MEND)) == json.dumps(steps)


def test_a_long_text_with_tabs_stays_on_its_line() -> None:
    table = "item\tprice\n" * 30
    assert as_text([{"body": table}]).count("\n") <= 2


def test_a_secret_keeps_its_value_by_its_path_in_a_list_that_grew() -> None:
    raw = {"to": [{"name": "ana", "pin": "1"}, {"name": "ben", "pin": "2"}]}
    shown = redacted(raw, {"pin"})
    edited = {"to": [{"name": "new", "pin": "9"}, *shown["to"]]}
    assert with_untouched(edited, shown, raw, "s1") == {"to": [{"name": "new", "pin": "9"}, *raw["to"]]}
    shorter = {"to": [shown["to"][1]]}
    assert with_untouched(shorter, shown, raw, "s1") == {"to": [raw["to"][1]]}


def test_secrets_that_look_alike_are_not_guessed_at() -> None:
    raw = {"pins": [{"pin": "1"}, {"pin": "2"}]}
    shown = redacted(raw, {"pin"})
    with pytest.raises(CommandError, match=r"s1, pins\[0\]: several secrets look like this"):
        with_untouched({"pins": [{"pin": REDACTED}]}, shown, raw, "s1")


def test_a_secret_in_a_new_place_is_refused() -> None:
    with pytest.raises(CommandError, match="s1, copy: ••• stands for a secret that was not here"):
        with_untouched({"pin": REDACTED, "copy": REDACTED}, {"pin": REDACTED}, {"pin": "1"}, "s1")


@pytest.mark.parametrize("new", [1.0, True, "1"])
def test_another_type_is_another_value(new: object) -> None:
    assert with_untouched({"a": [new]}, {"a": [1]}, {"a": [1]}, "s1") == {"a": [new]}
    assert type(with_untouched({"a": [new]}, {"a": [1]}, {"a": [1]}, "s1")["a"][0]) is type(new)


@pytest.mark.parametrize(
    "text", ["ann\u202etxt.exe", "x\u200by", "\x9b31m", "a\u2028b", "\U000e0001", "\u3164", "\u00a0# c"]
)
def test_the_editor_shows_what_nobody_sees(text: str) -> None:
    plain = [{text: [text, f"{text}\nnext"], "größer": "😀 é"}]
    written = as_text(plain)
    assert not hidden(written) - {"\n"}
    assert "größer" in written
    assert of_text(written, "it", MEND) == plain


ANN, BOB = {"to": "ann", "iban": "S1"}, {"to": "bob", "iban": "S2"}
HIDDEN_ANN, HIDDEN_BOB = ({**each, "iban": REDACTED} for each in (ANN, BOB))


@pytest.mark.parametrize(
    ("edited", "became"),
    [
        ([HIDDEN_BOB, HIDDEN_ANN], [BOB, ANN]),
        ([HIDDEN_BOB, HIDDEN_BOB], [BOB, BOB]),
        ([HIDDEN_BOB, {"to": "cat", "iban": "S3"}], [BOB, {"to": "cat", "iban": "S3"}]),
        ([{**HIDDEN_ANN, "n": 1}, HIDDEN_BOB], [{**ANN, "n": 1}, BOB]),
    ],
)
def test_a_secret_goes_where_its_item_goes(edited: list[Any], became: list[Any]) -> None:
    assert with_untouched(edited, [HIDDEN_ANN, HIDDEN_BOB], [ANN, BOB], "s1") == became


@pytest.mark.parametrize(
    "edited",
    [
        [{**HIDDEN_BOB, "n": 1}, {**HIDDEN_ANN, "n": 1}],
        [{"to": "cat", "iban": "S3"}, {**HIDDEN_ANN, "n": 1}],
    ],
)
def test_where_items_moved_and_changed_no_secret_is_guessed_at(edited: list[Any]) -> None:
    with pytest.raises(CommandError, match=r"s1\[[01]\]: it is not the only item that changed: whose •••"):
        with_untouched(edited, [HIDDEN_ANN, HIDDEN_BOB], [ANN, BOB], "s1")
