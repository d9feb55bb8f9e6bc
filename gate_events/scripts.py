"""Words of several scripts, whose letters may look alike, by Unicode's Script_Extensions.

The rule is "Highly Restrictive" of Unicode Technical Standard 39, section 5.2: one script, or Latin with
those of Chinese, Japanese or Korean; and digits of one kind (5.3).
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

MARKS = frozenset({"Mn", "Me"})  # nonspacing and enclosing marks
_ANY = frozenset({"Zyyy", "Zinh"})  # Common and Inherited: of every script
# UTS 39, 5.1: the writing systems of several scripts, each as a script of its own.
_WRITTEN_WITH = {
    "Hani": {"Hanb", "Jpan", "Kore"},
    "Hira": {"Jpan"},
    "Kana": {"Jpan"},
    "Hang": {"Kore"},
    "Bopo": {"Hanb"},
}
_WITH_LATIN = {"Hanb", "Jpan", "Kore"}


def words(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of `text` in order, and of each whether it is a word: letters, digits, and marks on them."""
    for is_word, run in groupby(text, _is_of_word):
        yield "".join(run), is_word


def is_mixed(word: str) -> bool:
    """Whether one word mixes scripts that no language writes together, or digits of several kinds."""
    if word.isascii():
        return False
    chars = set(word)
    if len({ord(char) - unicodedata.decimal(char) for char in chars if char.isdecimal()}) > 1:
        return True
    scripts = {_scripts(char) for char in chars} - {_ANY}
    if not scripts or frozenset.intersection(*scripts):
        return False
    beside_latin = [each for each in scripts if "Latn" not in each]
    return not frozenset.intersection(*beside_latin) & _WITH_LATIN


@lru_cache(maxsize=4096)
def _is_of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char) in MARKS | {"Mc"}


@lru_cache(maxsize=4096)
def _scripts(char: str) -> frozenset[str]:
    """The scripts that a character is used in; `_ANY` where it is used in every one."""
    if char.isascii():
        return frozenset({"Latn"}) if char.isalpha() else _ANY
    # Loaded where it is needed: most texts are ASCII, and it costs a command's start as much as typer does.
    from fontTools import unicodedata as tables  # noqa: PLC0415

    used_in = frozenset(tables.script_extension(char))
    if used_in & _ANY:
        return _ANY
    return used_in.union(*(_WRITTEN_WITH.get(script, ()) for script in used_in))
