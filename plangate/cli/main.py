"""`plangate`: the front door."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from plangate.cli import (
    catalogue,
    dead_letters,
    decisions,
    demo,
    dev,
    doctor,
    gates,
    propose,
    runs,
    store,
    submit,
    topics,
    worker,
)
from plangate.cli.failures import line_for
from plangate.cli.output import errors

app = typer.Typer(
    name="plangate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="An approval gate for AI agents on Kafka. Start with `plangate demo`, then `plangate dev`.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plangate {version('plangate')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """What stands before a command."""


demo.register(app)
dev.register(app)
worker.register(app)
app.add_typer(topics.app, name="topics")
app.add_typer(store.app, name="store")
propose.register(app)
submit.register(app)
gates.register(app)
decisions.register(app)
runs.register(app)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(catalogue.app, name="catalogue")
doctor.register(app)


def main() -> None:
    """Run a command; an expected failure is one line, a fault of ours a traceback."""
    try:
        app()
    except Exception as error:
        line = line_for(error)
        if line is None:
            raise
        errors.print(f"plangate: {line}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
