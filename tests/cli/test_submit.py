"""`plangate submit` where nobody takes the plan, or it was refused: it says so, in its exit code, too."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete

from gate_events.ids import proposal_id
from gate_store.database import open_store, utc_now
from gate_store.heartbeats import Process, begin_to_beat
from gate_store.own_requests import proposed_by_runs
from gate_store.refused import note_refused
from gate_store.tables import outbox
from tests.cli.commands import Ended, Shell
from tests.cli.test_broken_surroundings import GRAPH

AGAIN = ("--thread-id", "night", "--json")


@pytest.fixture
def agent(stored: Shell) -> Shell:
    """A project with a graph and a store, and neither Kafka nor workers."""
    stored.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    stored.write("graph.py", GRAPH)
    return stored


@pytest.fixture
def store(agent: Shell) -> Iterator[Connection]:
    """Its store, as workers write there."""
    engine = open_store(f"sqlite:///{agent.folder / 'plangate.db'}")
    with engine.connect() as conn:
        yield conn
    engine.dispose()


def submitted(agent: Shell, *options: str) -> tuple[Ended, dict[str, Any]]:
    ended = agent.run("submit", "mine", *AGAIN, *options)
    return ended, json.loads(ended.out)


def test_a_plan_that_nobody_takes_to_kafka_is_no_open_gate(agent: Shell) -> None:
    ended, told = submitted(agent, "--wait", "0.3")
    assert (ended.code, told["thread_id"], told["gate_id"]) == (3, "night", None)
    assert (told["state"], told["hop"]) == ("PUBLISHED", "kafka")
    assert "is in the store and not on Kafka yet after 0.3 s" in ended.err
    assert "`plangate worker` runs" in ended.err


def test_who_does_not_want_to_wait_is_told_that_it_is_on_its_way(agent: Shell) -> None:
    ended = agent.run("submit", "mine", "--no-wait", "--thread-id", "night")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("run night is paused; its plan ")
    assert ended.out.endswith(" is on its way\n")


def test_a_plan_that_no_router_takes_or_that_is_refused_says_so(agent: Shell, store: Connection) -> None:
    plan_id = UUID(submitted(agent, "--no-wait")[1]["plan_id"])
    store.execute(delete(outbox).where(outbox.c.event_id == proposal_id(plan_id)))
    store.commit()
    ended, told = submitted(agent, "--wait", "0")
    assert (ended.code, told["hop"]) == (3, "router")
    assert "neither the router nor the gatekeeper behind it has taken it" in ended.err
    note_refused(store, [(proposed_by_runs(store, [plan_id])[plan_id], "the plan cannot be \x1b[31mrouted")])
    store.commit()
    ended, told = submitted(agent)
    assert (ended.code, told["state"], told["hop"]) == (4, "REFUSED", None)
    assert "was refused: the plan cannot be " in ended.err
    assert "\x1b" not in ended.err


def test_where_a_router_works_and_no_gatekeeper_it_is_the_gatekeepers_turn(
    agent: Shell, store: Connection
) -> None:
    plan_id = UUID(submitted(agent, "--no-wait")[1]["plan_id"])
    store.execute(delete(outbox).where(outbox.c.event_id == proposal_id(plan_id)))
    router = Process("r1", "machine-0", "machine", "1", "digest")
    begin_to_beat(store, router, {"router": None, "gatekeeper": "it does not serve yet"}, utc_now())
    store.commit()
    ended, told = submitted(agent, "--wait", "0")
    assert (ended.code, told["hop"]) == (3, "gatekeeper")
    assert "is published, and no gatekeeper has taken it" in ended.err


def test_without_a_store_nothing_is_submitted_and_no_store_is_made(agent: Shell) -> None:
    (agent.folder / "plangate.db").unlink()
    agent.run("submit", "mine").complains("the store plangate.db does not exist")
    assert not (agent.folder / "plangate.db").exists()
