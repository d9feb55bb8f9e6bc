"""What `plangate demo` does."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plangate.cli.output import console, print_json
from plangate.demo.ending import next_commands, say_next, tell
from plangate.demo.keyboard import interactive, open_mails
from plangate.demo.planner import branch_chooser
from plangate.demo.reviewer import automatic
from plangate.demo.run import run_demo
from plangate.dev.broker import Broker

_OF_SERVERS = ("kafka", "postgresql")  # what these keep, below the demo's folder


def demo(broker: Broker, store: str | None, folder: Path | None, *, ask: bool, as_json: bool) -> None:
    """Play it, and say how it ended; `ask`: let the user decide. Raises DemoError, PlannerError."""
    console.quiet = as_json
    branch_chooser()  # a model that cannot be used is said before anything starts
    own_server = store == "postgresql"
    with _place(folder, stays=not as_json, entered=own_server) as place:
        ended = run_demo(place, broker, store, interactive if ask else automatic)
        if as_json:
            print_json(ended.tally.as_dict())
            return
        tell(ended.tally, ended.held, ended.confirmed)
        if ask:
            open_mails(place / "mails")
        say_next(place, next_commands(place, ended.held, keeps_store=not own_server))


@contextmanager
def _place(folder: Path | None, *, stays: bool, entered: bool) -> Iterator[Path]:
    """The folder that was named; else one of our own, of which mails, store and logs may stay."""
    if folder is not None:
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="plangate-demo-"))
    if entered:
        made.chmod(0o711)  # started by root, PostgreSQL runs as nobody and must get through
    try:
        yield made
    finally:
        for gone in [made / name for name in _OF_SERVERS] if stays else [made]:
            shutil.rmtree(gone, ignore_errors=True)
