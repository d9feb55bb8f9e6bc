"""What commands print: tables for people, one JSON document with --json."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

Limit = Annotated[int, typer.Option(min=1, help="How many on a page.")]
Page = Annotated[int, typer.Option(min=1, help="Which page; the first is 1.")]

console = Console()
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on one line."""
    typer.echo(msgspec.json.encode(value, enc_hook=str).decode())


def say(text: str, on: Console = console) -> None:
    """A line for people; nothing in it is markup."""
    on.print(escape(text), highlight=False)


def indented(text: str, by: int, on: Console = console) -> None:
    """A line for people that keeps its indentation where it is folded."""
    on.print(Padding(Text(text), (0, 0, 0, by), expand=False), highlight=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], on: Console = console) -> None:
    """A table for people."""
    drawn = Table(*columns, title=title, title_justify="left", header_style="bold")
    for row in rows:
        drawn.add_row(*(escape(str(cell)) for cell in row))
    on.print(drawn)


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
