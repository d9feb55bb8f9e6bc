"""Text of others stays on its line, and hides nothing."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.shown import hidden, is_hidden, shown, spelled_out

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain words, größer 漢字 😀", "plain words, größer 漢字 😀"),
        ("a  b", r"a \x20b"),
        ("a" + " " * 400 + "b", r"a \x20{399}b"),
        ("a\u00a0b\u2003c\u3000d", r"a\xa0b\u2003c\u3000d"),
        ("a\u2800b\u3164c\u115fd\uffa0e", r"a\u2800b\u3164c\u115fd\uffa0e"),
        ("a\ufe0fb\u034fc\U000e0100d", r"a\ufe0fb\u034fc\U000e0100d"),
        ("a\x1b[2Jb\x9bc\u202ed\u200be\nf", r"a\x1b[2Jb\x9bc\u202ed\u200be\nf"),
    ],
)
def test_what_fakes_the_view_is_spelled_out(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert shown(seen) == seen


def test_of_all_blanks_that_unicode_has_one_alone_is_shown_as_it_is() -> None:
    assert [char for char in EVERY if char.isspace() and not is_hidden(char)] == [" "]


@given(st.text() | st.text(" \u00a0\u2800ab"))
def test_nothing_hidden_and_no_run_of_blanks_is_left(text: str) -> None:
    seen = shown(text)
    assert not hidden(seen)
    assert "  " not in seen


def test_blanks_of_our_own_lines_stay() -> None:
    assert spelled_out("  s1\x1b  Pay") == "  s1\\x1b  Pay"
