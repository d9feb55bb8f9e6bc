"""`plangate stop` and `plangate go`: the kill switch."""

from typing import Annotated

import typer

from plangate.cli.options import By, JsonFlag, Yes

Action = Annotated[str | None, typer.Option(help="Only this action type; else everything.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(stop)
    app.command()(go)


def stop(
    action: Action = None,
    *,
    note: Annotated[str, typer.Option(help="Why; whoever waits reads it.")],
    by: By = None,
    as_json: JsonFlag = False,
) -> None:
    """Let nothing more begin: no run, no step of a run or a service. What is under way ends and is told.

    It asks nothing. It is noted in the store, for all workers, and in a file (PLANGATE_STOP_FILE), for those
    of this host, also where neither Kafka nor the store answers. Exit code 1: it did not reach both.
    """
    from plangate.cli.stop import stop as hold

    hold(action, note, by, as_json=as_json)


def go(
    action: Action = None,
    note: Annotated[str, typer.Option(help="What was mended.")] = "",
    by: By = None,
    yes: Yes = False,
    as_json: JsonFlag = False,
) -> None:
    """End what `plangate stop` stopped: what waited goes on under approvals that still hold.

    With --action the stops of that action type, without it those of everything. The file is ended on this
    host alone.
    """
    from plangate.cli.stop import go as end

    end(action, note, by, yes=yes, as_json=as_json)
