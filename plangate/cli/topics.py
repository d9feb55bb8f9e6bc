"""`plangate topics`: the topics on the cluster."""

from dataclasses import asdict

import typer

from plangate.cli.acls import acls
from plangate.cli.output import JsonFlag, show
from plangate.kafka import topics
from plangate.settings import load_settings

group = typer.Typer(no_args_is_help=True, help="Make and check the topics that Plangate uses.")

COLUMNS = ("name", "partitions", "replication", "problem")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group.command()(acls)
    app.add_typer(group, name="topics")


@group.command()
def create(as_json: JsonFlag = False) -> None:
    """Create the topics that are missing; those that exist stay as they are."""
    states = topics.create(load_settings())
    show([asdict(state) for state in states], as_json=as_json, title="Topics", columns=COLUMNS)


@group.command()
def check(as_json: JsonFlag = False) -> None:
    """Say which topics are missing. Exit code 1 where one is."""
    states = topics.describe(load_settings())
    show([asdict(state) for state in states], as_json=as_json, title="Topics", columns=COLUMNS)
    if any(state.problem for state in states):
        raise typer.Exit(1)
