"""A bar on a terminal while something goes on; elsewhere nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from plangate.cli.output import console, errors


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar that is gone when the block ends; what it gives is told how many are done.

    Without a total, or with none to do, it moves until the end.
    """
    silent = console.quiet or not errors.is_terminal or errors.is_dumb_terminal
    columns = [TextColumn(what), BarColumn(), *([MofNCompleteColumn()] if total else []), TimeElapsedColumn()]
    with Progress(*columns, console=errors, transient=True, disable=silent) as progress:
        task = progress.add_task(what, total=total or None)
        yield lambda done: progress.update(task, completed=done)
