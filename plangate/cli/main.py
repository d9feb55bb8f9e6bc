"""`plangate`: the front door."""

import gc
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.metadata import version
from typing import Annotated
from uuid import uuid4

import typer

from plangate.cli.dev_folder import use_dev_of_this_folder
from plangate.cli.failures import line_for
from plangate.cli.output import complain

# In the order of the help. Loaded when it is asked for: Faust, LangGraph and Alembic cost seconds together.
MODULE_OF = {
    "demo": "demo",
    "dev": "dev",
    "worker": "worker",
    "topics": "topics",
    "store": "store",
    "propose": "propose",
    "explain": "explain",
    "submit": "submit",
    "pending": "gates",
    "show": "gates",
    **dict.fromkeys(
        ("approve", "edit", "reject", "respond", "withdraw", "confirm", "undo", "resolve"), "decisions"
    ),
    "runs": "runs",
    "wait": "wait",
    "retry": "retry",
    "dead-letters": "dead_letters",
    "catalogue": "catalogue",
    "torture": "torture",
    "doctor": "doctor",
}

_SPEAKERS = {"submit": "agent", "propose": "agent"}

VERSION = "--version"


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The commands: those of the module that the first argument names, none for --version, or all."""
    app = typer.Typer(
        name="plangate",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="An approval gate for AI agents on Kafka. Start with `plangate demo`, then `plangate dev`.",
    )
    app.callback()(_options)
    for name in _modules(arguments):
        import_module(f"plangate.cli.{name}").register(app)
    return app


def _modules(arguments: Sequence[str]) -> Iterable[str]:
    first = arguments[0] if arguments else ""
    if first == VERSION:
        return []
    return [MODULE_OF[first]] if first in MODULE_OF else dict.fromkeys(MODULE_OF.values())


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plangate {version('plangate')}")
        raise typer.Exit


def _options(
    _: Annotated[
        bool, typer.Option(VERSION, callback=_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """What stands before a command."""


def _traced(command: str) -> AbstractContextManager[None]:
    """Who speaks to Kafka exports spans, where OpenTelemetry's variables say so."""
    role = "reviewer" if MODULE_OF.get(command) == "decisions" else _SPEAKERS.get(command)
    if role is None or not any(name.startswith("OTEL_") for name in os.environ):
        return nullcontext()
    from plangate.tracing import exporting_all  # noqa: PLC0415 - most commands do without

    return exporting_all(role, str(uuid4()))


def main() -> None:
    """Run a command; an expected failure is one line, a fault of ours a traceback."""
    # Clients' own complaints would stand beside the one line that says what is wrong.
    logging.getLogger("plangate").addHandler(logging.NullHandler())
    try:
        if (command := sys.argv[1:2]) and command[0] in MODULE_OF:
            use_dev_of_this_folder(command[0])
        gc.disable()  # nothing that is imported is garbage: not to look for it saves a sixth of the start
        run = application(sys.argv[1:])
        gc.enable()
        with _traced(command[0] if command else ""):
            run()
    except Exception as error:
        line = line_for(error)
        if line is None:
            raise
        complain(f"plangate: {line}")
        sys.exit(getattr(error, "exit_code", 1))


if __name__ == "__main__":
    main()
