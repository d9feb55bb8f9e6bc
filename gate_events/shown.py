"""How text of others is shown, to people and in logs: on one line, with nothing that fakes the view."""

import re

from gate_events.names import invisible

_RUN = re.compile("  +")


def shown(text: str) -> str:
    r"""`text` on one line: what `is_hidden` is spelled out, and of several blanks all but the first.

    Four blanks are shown as ` \x20{3}`: a long run would break a line where the text's author wants it.
    """
    seen = spelled_out(text)
    return _RUN.sub(_counted, seen) if "  " in seen else seen


def spelled_out(text: str) -> str:
    """The same for a line with blanks of our own: runs of them stay."""
    return text.translate({ord(char): _spelled(char) for char in hidden(text)})


def hidden(text: str) -> set[str]:
    """The characters of `text` that `is_hidden`, each once."""
    if text.isascii() and text.isprintable():
        return set()
    return set(filter(is_hidden, set(text)))


def is_hidden(char: str) -> bool:
    """Whether nobody sees a character, or what it does: controls, formats, fillers, blanks but U+0020."""
    return not char.isprintable() or invisible(char)  # a blank other than U+0020 is not printable


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _counted(run: re.Match[str]) -> str:
    more = len(run[0]) - 1
    return " \\x20" if more == 1 else f" \\x20{{{more}}}"
