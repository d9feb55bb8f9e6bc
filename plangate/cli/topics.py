"""What `plangate topics` does."""

from collections.abc import Sequence
from dataclasses import asdict

import typer

from plangate.cli.output import show
from plangate.kafka import topics
from plangate.kafka.topics import TopicState
from plangate.settings import load_settings

COLUMNS = ("name", "partitions", "replication", "problem")


def create(*, as_json: bool) -> None:
    """Create what is missing, and show all."""
    _show(topics.create(load_settings()), as_json=as_json)


def check(*, as_json: bool) -> None:
    """Show all. Raises typer.Exit where one is missing."""
    states = topics.describe(load_settings())
    _show(states, as_json=as_json)
    if any(state.problem for state in states):
        raise typer.Exit(1)


def _show(states: Sequence[TopicState], *, as_json: bool) -> None:
    show([asdict(state) for state in states], as_json=as_json, title="Topics", columns=COLUMNS)
