"""Lines that are folded to the width of the screen, the rest of each set in."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

_LEAST = 2  # columns that a folded line has on a narrow screen: a character may take two


class Line(NamedTuple):
    """A line's own indentation, and its text; nothing in it is markup."""

    by: int
    text: str


class Hanging:
    """Lines whose folded rest begins in the column `folded_at`; no word is cut off."""

    def __init__(self, lines: Sequence[Line], folded_at: int) -> None:
        self._lines = lines
        self._folded_at = folded_at

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self._lines:
            yield from self._folded(line, console, options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max((line.by + cell_len(line.text) for line in self._lines), default=0)
        words = [cell_len(word) for line in self._lines for word in line.text.split()]
        least = min(widest, self._folded_at + max(words, default=0))
        return Measurement(least, widest).with_maximum(options.max_width)

    def _folded(self, line: Line, console: Console, width: int) -> Iterator[Text]:
        first = wrapped(line.text, console, width - line.by)[0]
        yield _set_in(line.by, first)
        if rest := line.text[len(first) :].lstrip(" "):
            by = min(self._folded_at, max(width - _LEAST, 0))
            for each in wrapped(rest, console, width - by):
                yield _set_in(by, each)


def wrapped(text: str, console: Console, width: int) -> list[str]:
    """The lines of a text that is folded to a width; a blank may end one."""
    return [each.plain for each in Text(text).wrap(console, max(width, _LEAST), overflow="fold")] or [""]


def _set_in(by: int, text: str) -> Text:
    return Text(" " * by + text.rstrip(" "), no_wrap=True, overflow="fold")
