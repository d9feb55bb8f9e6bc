"""Two spellings that a reader cannot tell apart are one name; what hides in a name is told."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.names import folded, name_key, same_name, unprintable

IGNORABLE = [0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0, 0xE0001, 0xE01EF]
RANGES = [(0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F)]
INVISIBLE = [chr(code) for code in IGNORABLE] + [
    chr(code) for first, last in RANGES for code in range(first, last + 1)
]
MARKS = "\u0301\u0316\u0345\u0344\u0f71\u0f73\u3099\uff9e\u0327\u05b0"  # of classes 230, 220, 240 and others
ANY_TEXT = st.text() | st.text(st.sampled_from("aAß İı\u0130\ufb01\u03c2Σ\u00a0\u2003\u1e9e\u3164e\u0301"))


@pytest.mark.parametrize(
    "other",
    [
        "Jose\u0301 Díaz",  # NFD
        "JOSÉ DÍAZ",
        "  José\u00a0\u2003 Díaz\t",
        "José\u200b Dí\u00adaz\ufe0f",
        "Jos\u3164é \u2800 Díaz",
        "\uff2a\uff4f\uff53\uff45\u0301 Díaz",  # full width
    ],
)
def test_spellings_that_look_alike_are_one_name(other: str) -> None:
    assert same_name("José Díaz", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("José", "Jose"), ("ana", "anna"), ("ana lee", "analee"), ("a-b", "ab"), ("ben", "")],
)
def test_names_that_read_differently_are_two(one: str, other: str) -> None:
    assert not same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("Straße", "STRASSE"), ("ΣΑΣ", "σας"), ("\ufb01n", "FIN")])
def test_case_is_folded_beyond_ascii(one: str, other: str) -> None:
    assert same_name(one, other)


@given(ANY_TEXT)
def test_the_key_of_a_key_is_itself(text: str) -> None:
    key = name_key(text)
    assert name_key(key) == key
    assert unprintable(key) == ()
    assert key == unicodedata.normalize("NFKC", key)


@given(st.text(st.sampled_from("aAßİσςΣZé\u1e9e\ufb01\u3164")))
def test_upper_and_lower_case_are_one_name(text: str) -> None:
    assert same_name(text, text.casefold())
    assert same_name(text, text.casefold().upper())


@given(ANY_TEXT)
def test_width_composition_and_blanks_around_it_make_no_other_name(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert same_name(text, unicodedata.normalize(form, text))
    assert same_name(text, f"\u00a0{text}\u2009 ")


@pytest.mark.parametrize("char", INVISIBLE)
def test_what_nobody_can_see_is_told_and_makes_no_other_name(char: str) -> None:
    assert unprintable(f"an{char}a") == (char,)
    assert same_name(f"{char}an{char}a", "ana")


@pytest.mark.parametrize(
    "char", ["\x00", "\n", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u2800", "\ufff9"]
)
def test_controls_separators_of_lines_and_the_empty_braille_are_told(char: str) -> None:
    assert unprintable(f"an{char}a{char}") == (char,)


@pytest.mark.parametrize("name", ["ana lee", "ana\u00a0lee", "李雷", "Łódź", "José", "o'neil-2@x.org", "🦊"])
def test_names_of_every_script_and_blanks_of_every_width_are_no_fault(name: str) -> None:
    assert unprintable(name) == ()


def test_every_format_character_that_python_knows_is_told() -> None:
    formats = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    assert set(unprintable("".join(formats))) == set(formats)


def moves_in(text: str) -> int:
    """By how many places unicodedata, which sorts by insertion, moves the marks of a text."""
    moves, before = 0, [0] * 256
    for char in (one for each in text for one in unicodedata.normalize("NFKD", each)):
        combining = unicodedata.combining(char)
        if combining == 0:
            before = [0] * 256
        moves += sum(before[combining + 1 :])
        before[combining] += 1
    return moves


@pytest.mark.parametrize(
    "marks", ["\u0301\u0316", "\u0344\u0f73", "\uff9e\u0301\u0334", "\u0316\u0f71\u0f73\u0345"]
)
@pytest.mark.parametrize("first", ["a", "\u1ec7", "\u1f82"])
def test_no_run_of_marks_takes_longer_than_its_length(
    marks: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[str] = []
    normalize = unicodedata.normalize

    def counting(form: Any, text: str) -> str:
        handed.append(text)
        return normalize(form, text)

    text = (first + marks * 1_000) * 2
    with monkeypatch.context() as patch:
        patch.setattr(unicodedata, "normalize", counting)
        folded(text)
    assert sum(map(moves_in, handed)) <= 10 * len(text)
    assert sum(map(len, handed)) <= 30 * len(text)


@given(st.text(st.sampled_from("aA\u1ec7\u1f82\u03b9" + MARKS), max_size=80))
def test_a_run_of_marks_of_any_length_has_the_key_that_unicode_gives_it(text: str) -> None:
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    assert folded(once) == folded(text)
    assert folded(text) == unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", once).casefold())


def test_what_normalization_begins_with_a_mark_is_of_marks_alone() -> None:
    for each in map(chr, range(0x110000)):
        if unicodedata.combining(unicodedata.normalize("NFKD", each)[0]):
            assert all(map(unicodedata.combining, unicodedata.normalize("NFKD", each))), hex(ord(each))
