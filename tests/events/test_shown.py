"""Text of others stays on its line, and hides nothing."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.shown import MIXED, hidden, is_hidden, quoted, shown, spelled_out, words_of

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
        ("e\u0301 a\u0323\u0302", "e\u0301 a\u0323\u0302"),
        ("a\u0301\u0301", r"a\u0301\u0301"),
        ("a\u0300\u0301\u0302\u0303\u0304", r"a\u0300\u0301\u0302\u0303\u0304"),
        ("\u0338a \u0338b=\u0338c", r"\u0338a \u0338b=\u0338c"),
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


@pytest.mark.parametrize(
    "word",
    [
        "p\u0430ypal",  # a Cyrillic a
        "\u0391na",  # a Greek alpha
        "\u13aaan",  # a Cherokee go
        "\u0455\u0441\u043ep\u0435",  # all but one
        "p\u0430\u0301y",  # under an accent
        "u\u5199\u0430",  # Latin and Han, and what no language writes with them
        "1\u09ea0",  # Bengali four, which looks like 8
    ],
)
def test_a_word_of_several_scripts_or_digits_is_marked(word: str) -> None:
    seen = shown(f"pay {word} now")
    assert seen == f"pay {word}{MIXED} now"
    assert shown(seen) == seen


@pytest.mark.parametrize(
    "text",
    [
        "größer Ærøskøbing naïve İstanbul",
        "Привет, мир; Αθήνα; שלום; हिन्दी; ไทย; العربية 123",
        "SQL-запрос, β-carotene, 5 µm",  # words of one script each; the micro sign is of every one
        "東京タワーのTシャツ、メール",
        "K팝 카카오Talk 大韓民國",
        "ㄅㄆ注音abc",
        "e\u0301te\u0301",
    ],
)
def test_what_languages_write_is_not_marked(text: str) -> None:
    assert shown(text) == text


def test_words_of_others_are_quoted_and_end_where_their_quotes_end() -> None:
    assert words_of("ana", 'no" and ben: "yes') == r'ana: "no\" and ben: \"yes"'
    assert quoted("a\nb") == r'"a\nb"'


@given(st.text() | st.text("a\u0430\u03b11\u09ea\u0301\u0302 \u00a0b()!"))
def test_shown_twice_is_shown_once(text: str) -> None:
    assert shown(shown(text)) == shown(text)
