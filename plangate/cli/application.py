"""The commands, and how one of them is run."""

import gc
import logging
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated
from uuid import uuid4

import typer

from plangate.cli.dev_folder import use_dev_of_this_folder
from plangate.cli.lazy_group import LazyGroup
from plangate.cli.table import TABLE

_SPEAKERS = {"submit": "agent", "propose": "agent"}

VERSION = "--version"
_OBJECTS_UNTIL_COLLECTED = 50_000  # what is imported is no garbage: looking costs a sixth of a start


def application() -> typer.Typer:
    """All commands; each is loaded when it is called."""
    app = typer.Typer(
        name="plangate",
        cls=LazyGroup,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="An approval gate for AI agents on Kafka. Start with `plangate demo`, then `plangate dev`.",
    )
    app.callback()(_options)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - it costs a tenth of the help

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
    decides = command in TABLE and TABLE[command].module == "decisions"
    role = "reviewer" if decides else _SPEAKERS.get(command)
    if role is None or not any(name.startswith("OTEL_") for name in os.environ):
        return nullcontext()
    from plangate.tracing import exporting_all  # noqa: PLC0415 - most commands do without

    return exporting_all(role, str(uuid4()))


def run() -> None:
    """Run a command; an expected failure is one line, a fault of ours a traceback."""
    # Clients' own complaints would stand beside the one line that says what is wrong.
    logging.getLogger("plangate").addHandler(logging.NullHandler())
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTED)
    try:
        use_dev_of_this_folder(sys.argv[1:])
        with _traced("".join(sys.argv[1:2])):
            application()()
    except Exception as error:
        _fail(error)


def _fail(error: Exception) -> None:
    from plangate.cli.failures import line_for  # noqa: PLC0415 - most commands do not fail
    from plangate.cli.output import complain  # noqa: PLC0415 - the same

    line = line_for(error)
    if line is None:
        raise error
    complain(f"plangate: {line}")
    sys.exit(getattr(error, "exit_code", 1))
