"""`plangate pending` and `plangate show`: what waits for a human, in plain English."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag, Limit, Page

By = Annotated[
    str | None,
    typer.Option(help="Who looks, which is noted at each gate; else PLANGATE_REVIEWER; else nobody is."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pending)
    app.command()(show)


def pending(
    by: By = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="Only what the one who looks may decide on, and has not yet.")
    ] = False,
    agent: Annotated[str | None, typer.Option(help="Only plans of this agent.")] = None,
    proposer: Annotated[str | None, typer.Option(help="Only plans that this one proposed.")] = None,
    tier: Annotated[str | None, typer.Option(help="Only plans of this tier: 1, 2, 3 or its word.")] = None,
    older: Annotated[
        str | None, typer.Option(help="Only what was asked so long ago, or longer: 30m, 8h, 2d.")
    ] = None,
    expired: Annotated[bool, typer.Option("--expired", help="Instead what expired undecided.")] = False,
    limit: Limit = 100,
    page: Page = 1,
    as_json: JsonFlag = False,
) -> None:
    """What waits for a decision, the nearest deadline first: of each what needs judgment, in few lines.

    What waits for me: `plangate pending --by ana --mine`

    What expired undecided, the last first: `plangate pending --expired`
    """
    from plangate.cli import gates
    from plangate.cli.gate_filters import Filters

    filters = Filters(mine, agent, proposer, tier, older, expired)
    gates.pending(by, filters, limit, page, as_json=as_json)


def show(
    gate: Annotated[str, typer.Argument(help="The id of a gate or of its plan, or the beginning of one.")],
    by: By = None,
    raw: Annotated[bool, typer.Option(help="Show secret arguments, in --json too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Everything about one plan: its steps, warnings, reasons, decisions, effects and outcome.

    To read, a few characters of an id do, where they are those of one plan: it is named. To decide, eight.
    """
    from plangate.cli import gates

    gates.show(gate, by, raw=raw, as_json=as_json)
