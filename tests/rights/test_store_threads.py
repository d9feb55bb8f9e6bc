"""Threads of one agent are shielded from another whose login is another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select

from gate_events.records import ApprovalRequested
from gate_policy.requirements import ASKED_BEFORE
from gate_policy.route import route
from gate_store.database import open_store
from gate_store.own_requests import proposed_by_runs
from gate_store.queued_plans import queue_plans
from gate_store.roles.roles import CHECKPOINTS, Role
from gate_store.runs import ForeignThreadError
from gate_store.tables import queued_plans
from gate_store.whereabouts import Hop, PlanState, whereabouts
from producers.submitter import Submitter, open_submitter
from tests.claims.gate import CATALOGUE, commit
from tests.producers import graphs
from tests.rights.logins import Logins
from tests.store.examples import NOON

pytestmark = pytest.mark.postgres

THREAD = "t1"


@asynccontextmanager
async def agent(logins: Logins, name: str) -> AsyncIterator[Submitter]:
    async with open_submitter(logins.url_of(Role.AGENT, name)) as submitter:
        yield submitter


async def submitted(logins: Logins, name: str, *who: str, thread: str = THREAD) -> Any:
    async with agent(logins, name) as submitter:
        return await submitter.submit(graphs.gated(), {"who": list(who)}, name="billing", thread_id=thread)


def seen(url: str, table: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


def changed(url: str, statement: str) -> int:
    with psycopg.connect(url) as conn:
        return conn.execute(statement.encode()).rowcount


async def test_an_agent_does_its_whole_work_under_its_role(logins: Logins) -> None:
    first = await submitted(logins, "ana", "bob")
    again = await submitted(logins, "ana", "bob")
    assert (again.plan_id, again.finished) == (first.plan_id, False)
    done = await submitted(logins, "ana", thread="t2")
    assert done.finished
    assert (await submitted(logins, "ana", "cid", thread="t2")).plan_id  # a thread at rest is taken up again
    with psycopg.connect(logins.url) as conn:
        owners = conn.execute("SELECT DISTINCT owner FROM runs UNION SELECT DISTINCT owner FROM outbox")
        assert owners.fetchall() == [(f"{logins.prefix}agent_ana",)]


@pytest.mark.parametrize("who", [["bob"], []], ids=["that waits", "at rest"])
async def test_another_agent_takes_up_no_thread_of_its_neighbour(logins: Logins, who: list[str]) -> None:
    await submitted(logins, "ana", *who)
    with pytest.raises(
        ForeignThreadError, match="thread t1 is of another user of the database; take another"
    ):
        await submitted(logins, "eve", "eve")
    assert (await submitted(logins, "eve", "eve", thread="t2")).plan_id


async def test_an_agent_sees_how_far_its_own_plans_have_come(logins: Logins) -> None:
    done = await submitted(logins, "ana", "bob")
    with logins.store(Role.AGENT, "ana") as store, store.begin() as conn:
        assert whereabouts(conn, THREAD, done.plan_id).hop is Hop.KAFKA
    with logins.store(Role.GATEKEEPER) as gatekeeper, gatekeeper.begin() as conn:
        asked = route(proposed_by_runs(conn, [done.plan_id])[done.plan_id], CATALOGUE, now=NOON)
        assert commit(conn, asked).refused == {}
    seen_by = {}
    for name in ("ana", "eve"):
        with logins.store(Role.AGENT, name) as store, store.begin() as conn:
            seen_by[name] = whereabouts(conn, THREAD, done.plan_id)
    assert seen_by["ana"].state is PlanState.OPEN
    assert seen_by["eve"].gate_id is None


async def test_another_agent_sees_and_changes_nothing_of_its_neighbour(logins: Logins) -> None:
    await submitted(logins, "ana", "bob")
    ana, eve = (logins.url_of(Role.AGENT, name) for name in ("ana", "eve"))
    for table in ("runs", *CHECKPOINTS):
        assert seen(ana, table) > 0, table
        assert seen(eve, table) == 0, table
    for statement in (
        "UPDATE runs SET error = 'mine'",
        "UPDATE checkpoints SET metadata = '{}'",
        "UPDATE checkpoint_writes SET blob = ''",
    ):
        assert changed(eve, statement) == 0
    for statement in (
        "INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint) VALUES ('t1', 'zzzz', '{}')",
        "INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, blob)"
        " VALUES ('t1', 'zzzz', 't', 0, 'c', '')",
        "INSERT INTO checkpoint_blobs (thread_id, channel, version, type) VALUES ('t1', 'c', '1', 'null')",
    ):
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            changed(eve, statement)


async def test_an_agent_answers_no_run_and_writes_no_state_behind_its_gate(logins: Logins) -> None:
    await submitted(logins, "ana", "bob")
    ana = logins.url_of(Role.AGENT, "ana")
    for statement in (
        "UPDATE runs SET status = 'READY', answer = '{}'",
        "UPDATE checkpoints SET metadata = '{}'",
        "UPDATE checkpoint_writes SET blob = ''",
    ):
        assert changed(ana, statement) == 0
    with pytest.raises(InsufficientPrivilege):
        changed(ana, "UPDATE runs SET owner = 'eve'")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE runs SET answer = '{}'",
        "UPDATE runs SET digest = 'd', plan_id = gen_random_uuid()",
        "UPDATE runs SET use_by = now()",
        "UPDATE runs SET status = 'READY'",
    ],
)
def test_nor_while_it_plans(logins: Logins, change: str) -> None:
    """A constraint or the row's policy: whichever comes first."""
    ana = logins.url_of(Role.AGENT, "ana")
    begin = (
        "INSERT INTO runs (thread_id, graph, status, token, worker, lease_until, attempts, not_before, error,"
        " created_at, updated_at) VALUES ('t1', 'billing', 'RUNNING', 1, 'w', now() + interval '1 hour', 0,"
        " now(), '', now(), now())"
    )
    assert changed(ana, begin) == 1
    with pytest.raises((InsufficientPrivilege, psycopg.errors.IntegrityError)):
        changed(ana, change)


def test_whose_a_run_is_nobody_says_but_the_database(logins: Logins) -> None:
    ana = logins.url_of(Role.AGENT, "ana")
    with pytest.raises(InsufficientPrivilege, match="permission denied"):
        changed(ana, "INSERT INTO runs (thread_id, owner) VALUES ('t1', 'eve')")
    with pytest.raises(InsufficientPrivilege, match="permission denied"):
        changed(ana, "INSERT INTO outbox (event_id, owner) VALUES (gen_random_uuid(), 'eve')")


async def test_an_agent_learns_that_its_own_plan_waits_and_nothing_of_its_neighbours(logins: Logins) -> None:
    """Whose plans wait beyond the ceiling of open gates, each sees of its own runs alone."""
    done = await submitted(logins, "ana", "bob")
    store = open_store(logins.url)
    with store.begin() as conn:
        [proposal] = proposed_by_runs(conn, [done.plan_id]).values()
        question = route(proposal, CATALOGUE, now=NOON, required=ASKED_BEFORE)
        assert isinstance(question, ApprovalRequested)
        queue_plans(conn, [question], NOON)
    store.dispose()
    for name, state, rows in (("ana", PlanState.QUEUED, 1), ("eve", PlanState.CLEARED, 0)):
        login = open_store(logins.url_of(Role.AGENT, name))
        with login.begin() as conn:
            assert whereabouts(conn, THREAD, done.plan_id).state is state
            assert len(conn.execute(select(queued_plans.c.gate_id)).all()) == rows
        login.dispose()
    with pytest.raises(InsufficientPrivilege):
        seen_of(logins.url_of(Role.AGENT, "ana"), "request")


def seen_of(url: str, column: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(sql.SQL("SELECT {} FROM queued_plans").format(sql.Identifier(column)))
