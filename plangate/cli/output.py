"""What commands print: tables for people, one JSON document with --json.

Whatever is printed, nothing in it is markup or an emoji's code, and characters that nobody sees are spelled
out. Words of others are `shown` where they are put into a line; here is the last line of defence.
"""

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gate_events.shown import hidden, shown, spelled_out
from plangate.cli.hanging import Hanging, Line

FOLDED_AT = 12  # deeper than any line of ours, so that no text can fold itself into one
_FOLDED_CELL_AT = 2
_QUOTED_AT = " " * 4

# rich leaves colours out where no terminal is, or NO_COLOR is set: words alone must tell, too.
WELL, LOOK, WRONG = "green", "yellow", "red"

console = Console(markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, markup=False, emoji=False, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on one line; what nobody sees is escaped in it."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    typer.echo(text.translate({ord(char): json.dumps(char)[1:-1] for char in hidden(text)}))


def say(text: str, on: Console = console, *, style: str = "") -> None:
    """A line for people."""
    indented(text, 0, on, style=style)


def indented(text: str, by: int, on: Console = console, *, style: str = "") -> None:
    """A line for people; where it is folded, the rest is set in deeper than any line."""
    on.print(Hanging([Line(by, spelled_out(text))], FOLDED_AT), style=style or None)


def copied(text: str, on: Console = console) -> None:
    """A line that somebody copies, as a command: never folded."""
    on.print(spelled_out(text), soft_wrap=True)


def complain(text: str) -> None:
    """A failure, on stderr, however wide; what it quotes of a file or a log stands below it, set in."""
    first, *rest = text.split("\n")
    errors.print(spelled_out(first), soft_wrap=True, style=WRONG)
    for line in rest:
        errors.print(f"{_QUOTED_AT}{spelled_out(line)}", soft_wrap=True)


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    on: Console = console,
    *,
    whole: Collection[str] = (),
) -> None:
    """A table for people; a cell is a text, or a list of the lines in it.

    The columns `whole` are folded last: what stands there is copied.
    """
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for name in columns:
        drawn.add_column(name, no_wrap=name in whole)
    for row in rows:
        drawn.add_row(*map(_cell, row))
    on.print(drawn)


@contextmanager
def paged() -> Iterator[None]:
    """On a terminal what is longer than the screen goes through $PAGER, or less; all else is just printed."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield
        return
    with console.capture() as captured:
        yield
    text = captured.get()
    if text.count("\n") < console.height:
        typer.echo(text, nl=False)
        return
    import click  # noqa: PLC0415 - typer has a copy of its own, without a pager

    click.echo_via_pager(text, color=False)


def _cell(value: Any) -> Hanging:
    lines = value if isinstance(value, list) else [value]
    return Hanging([Line(0, shown(str(line))) for line in lines], _FOLDED_CELL_AT)


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool, title: str, columns: Sequence[str]) -> None:
    """Rows as a table of the named columns, or whole as JSON."""
    if as_json:
        print_json(rows)
    elif rows:
        table(title, columns, ([row[column] for column in columns] for row in rows))
    else:
        say(f"{title}: none")


def say_page(listed: int, of: int, page: int, limit: int) -> None:
    """That a list shows a part, and how to see the rest; on stderr, so that --json stays one document."""
    if listed == of:
        return
    first = (page - 1) * limit + 1
    which = f"{first} to {first + listed - 1}" if listed else "none"
    say(f"{which} of {of}; --page and --limit show the others", errors)


def say_missing(who: str, *, as_json: bool) -> None:
    """Who does nothing now, in one line; beside a JSON document on stderr."""
    if who:
        say(who, errors if as_json else console)
