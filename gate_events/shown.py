"""How text of others is shown, to people and in logs: on one line, with nothing that fakes the view."""

import re
import unicodedata
from itertools import groupby

from gate_events.names import invisible
from gate_events.scripts import MARKS, is_mixed, words

MIXED = " (!mixed scripts)"  # behind a word whose letters may not be what they look like

_RUN = re.compile("  +")
_MARKS_AT_MOST = 4  # on one character: UTS 39, 5.4


def shown(text: str) -> str:
    r"""`text` on one line: what is `hidden` is spelled out, and of several blanks all but the first.

    Four blanks are shown as ` \x20{3}`: a long run would break a line where the text's author wants it. A
    word that mixes scripts, as "paypal" with one Cyrillic letter, is followed by `MIXED`. Shown twice is
    shown once.
    """
    seen = spelled_out(text)
    if "  " in seen:
        seen = _RUN.sub(_counted, seen)
    return seen if seen.isascii() else _flagged(seen)


def quoted(text: str) -> str:
    r"""`text` as words of somebody else: `shown`, in quotation marks, those inside of it as \"."""
    return '"' + shown(text).replace('"', r"\"") + '"'


def words_of(who: str, text: str) -> str:
    """Whose words they are, and the words: ana: "not today"."""
    return f"{shown(who)}: {quoted(text)}"


def spelled_out(text: str) -> str:
    """The same for a line with blanks of our own: runs of them stay, and no word is marked."""
    return text.translate({ord(char): _spelled(char) for char in hidden(text)})


def hidden(text: str) -> set[str]:
    """The characters of `text` that `is_hidden` or that are piled up, each once."""
    if text.isascii() and text.isprintable():
        return set()
    return {*filter(is_hidden, set(text)), *_piled_up(text)}


def is_hidden(char: str) -> bool:
    """Whether nobody sees a character, or what it does: controls, formats, fillers, blanks but U+0020."""
    return not char.isprintable() or invisible(char)  # a blank other than U+0020 is not printable


def _piled_up(text: str) -> set[str]:
    """Marks that cover what stands around them: too many or the same twice, or on a blank, sign or quote."""
    marks = {char for char in set(text) if unicodedata.category(char) in MARKS}
    found: set[str] = set()
    if not marks:
        return found
    before = " "
    for is_mark, run in groupby(text, marks.__contains__):
        chars = list(run)
        if is_mark and not _is_borne(before, chars):
            found.update(chars)
        before = chars[-1]
    return found


def _is_borne(before: str, marks: list[str]) -> bool:
    bears = before.isalnum() or not (before.isascii() or before.isspace())
    return bears and len(marks) <= _MARKS_AT_MOST and len(set(marks)) == len(marks)


def _flagged(text: str) -> str:
    told: list[str] = []
    at = 0
    for part, is_word in words(text):
        told.append(part)
        at += len(part)
        if is_word and is_mixed(part) and not text.startswith(MIXED, at):
            told.append(MIXED)
    return "".join(told)


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _counted(run: re.Match[str]) -> str:
    more = len(run[0]) - 1
    return " \\x20" if more == 1 else f" \\x20{{{more}}}"
