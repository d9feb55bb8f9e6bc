"""Names of people, agents and services: when two are the same, and what no name may hold.

A name is kept as it was written. Two spellings that a reader cannot tell apart are one name.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

# Default_Ignorable_Code_Point, as Unicode's DerivedCoreProperties.txt lists it; unicodedata lacks it.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORED = re.compile(f"[{_IGNORABLE}]")
_BLANKS = re.compile(r"[\s\u2800]+")  # U+2800 is the braille pattern without a dot
# Controls, formats, surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name."""
    return name_key(one) == name_key(other)


@lru_cache(maxsize=4096)
def name_key(text: str) -> str:
    """What all spellings of a name have in common: NFKC, case-folded, nothing invisible, single blanks."""
    return folded(text)


def folded(text: str) -> str:
    """The same for a text of any length."""
    if text.isascii() and text.isalnum():
        return text.lower()
    found = _once(text)
    while (again := _once(found)) != found:  # folding may leave what normalises further
        found = again
    return found


def invisible(char: str) -> bool:
    """Whether a character has no shape of its own: controls, formats, what Unicode says to ignore, U+2800."""
    return unicodedata.category(char) in _UNPRINTABLE or char == "\u2800" or bool(_IGNORED.match(char))


def unprintable(text: str) -> tuple[str, ...]:
    """The characters of `text` that no name may hold, each once, in order of appearance.

    Blanks of every width are no fault: they compare as one blank.
    """
    if text.isascii() and text.isprintable():
        return ()
    return tuple(dict.fromkeys(char for char in text if invisible(char)))


def fault_of_name(text: str) -> str | None:
    """What is wrong with a name, naming the characters; None: nothing."""
    if strange := unprintable(text):
        return f"holds {', '.join(f'U+{ord(char):04X}' for char in strange)}, which nobody sees"
    return None


def _once(text: str) -> str:
    blank = _BLANKS.sub(" ", text)
    seen = blank.translate({ord(char): None for char in set(blank) if invisible(char)})
    return _BLANKS.sub(" ", _normal(_normal(seen).casefold())).strip()


def _normal(text: str) -> str:
    """NFKC, in time that grows with the text: unicodedata alone sorts each run of marks by insertion."""
    marks = frozenset(filter(_is_mark, set(text)))
    if marks:
        runs = groupby(text, marks.__contains__)
        text = "".join(_in_order(run) if marked else "".join(run) for marked, run in runs)
    return unicodedata.normalize("NFKC", text)


def _is_mark(char: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKD", char)[0]) > 0


def _in_order(marks: Iterable[str]) -> str:
    """The same marks, taken apart, in the order that normalization gives them (Unicode's D109)."""
    apart = "".join(unicodedata.normalize("NFKD", char) for char in marks)
    return "".join(sorted(apart, key=unicodedata.combining))
