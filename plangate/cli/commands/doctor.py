"""`plangate doctor`: what is wrong, and the mend."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    role: Annotated[
        list[str] | None,
        typer.Option(help="What this user is on Kafka; may be repeated. A service: service:GROUP."),
    ] = None,
    setup_alone: Annotated[
        bool, typer.Option("--setup", help="Only whether work can start here, as a health check asks.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Look at Kafka, store, graphs and catalogue, at the workers, and at what waits.

    Exit code 0: all is well; 1: something is wrong; 2: something is worth a look.
    With logins of their own each part looks as itself, at what it needs: `plangate doctor --role router`
    """
    from plangate.cli.doctor import doctor as look

    look(role or (), setup_alone=setup_alone, as_json=as_json)
