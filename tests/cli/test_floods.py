"""A flood of one agent is one line, wherever somebody looks, and one command ends what waits of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from gate_events.records import ApprovalRequested, PlanDecided
from gate_store.backlog import Waiting, unasked_runs
from gate_store.database import open_store
from gate_store.queued_plans import queued_of_agent, queues
from gate_store.run_ends import where_run_stands
from gate_store.whereabouts import PlanState, whereabouts
from plangate.cli.reject_waiting import reject_all
from producers.run_outcome import NotEndedError
from tests.claims import gate
from tests.claims.gate import step
from tests.claims.test_open_gates import asked, commit, plan
from tests.cli.commands import Shell
from tests.store.acting import said
from tests.store.examples import HOUR, NOON

LINE = "agent biller of proposer billing-service: 2 open gates; 3 more plans wait"
OF_IT = ("--waiting", "--agent", "biller", "--proposer", "billing-service")


@pytest.fixture
def store(stored: Shell) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{stored.folder / 'plangate.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def flood(store: Engine) -> list[ApprovalRequested]:
    """Five plans of an agent that may have two open gates."""
    questions = [asked(plan(number)) for number in range(5)]
    with store.begin() as conn:
        commit(conn, *questions)
    return questions


def test_pending_says_in_one_line_who_floods(stored: Shell, flood: list[ApprovalRequested]) -> None:
    assert LINE in stored.run("pending").out.splitlines()
    assert LINE in stored.run("pending", "--agent", "Biller").out.splitlines()
    assert LINE not in stored.run("pending", "--agent", "another").out
    in_json = stored.run("pending", "--json")
    assert (len(in_json.json), in_json.err.splitlines()[0]) == (2, LINE)
    assert len(flood) == 5


def test_doctor_has_a_line_that_is_worth_a_look(stored: Shell, flood: list[ApprovalRequested]) -> None:
    found = stored.run("doctor", "--json").findings["plans that wait"]
    assert (found["state"], found["found"]) == ("look", LINE)
    assert len(flood) == 5


def test_a_plan_that_waits_is_shown_by_its_id(stored: Shell, flood: list[ApprovalRequested]) -> None:
    shown = stored.run("show", str(flood[4].plan_id)).out
    assert "waits: its agent has as many open gates as it may; it is asked about as they close" in " ".join(
        shown.split()
    )
    assert "Pay invoice 4" in shown
    [waits] = stored.run("show", str(flood[4].plan_id)[:13], "--json").json["queued"]
    assert (waits["state"], waits["digest"]) == ("QUEUED", flood[4].digest)


def test_a_run_whose_plan_waits_says_so(stored: Shell, store: Engine) -> None:
    runs = [gate.of_run(step("pay", what=f"invoice {name}"), thread=name) for name in ("t0", "t1", "t2")]
    with store.begin() as conn:
        commit(conn, *(gate.waits(conn, each) for each in runs))
        found = whereabouts(conn, "t2", runs[2].plan_id)
        assert (found.state, found.gate_id) == (PlanState.QUEUED, None)
        assert unasked_runs(conn, NOON + HOUR) == Waiting(0)
        told = str(NotEndedError(where_run_stands(conn, "t2"), 3))
    assert "which waits: its agent has as many open gates as it may" in told
    lines = " ".join(stored.run("runs").out.split())
    assert lines.count("waits: its") == 1


def test_rejecting_what_waits_wants_to_know_whose(stored: Shell, flood: list[ApprovalRequested]) -> None:
    stored.run("reject", "--waiting", "--agent", "biller").complains("give --agent and --proposer")
    other = ("--waiting", "--agent", "nobody", "--proposer", "billing-service")
    stored.run("reject", *other, "--yes").complains(
        "no plan of agent nobody of proposer billing-service waits"
    )
    stored.run("reject", "1234abcd", *OF_IT, "--yes").complains("does not go with this form")
    stored.run("reject", "1234abcd", "--agent", "biller").complains("does not go with this form")
    stored.run("reject", *OF_IT, "--yes", "--by", "billing-service").complains("may not decide on plan")
    assert len(flood) == 5


def test_rejecting_what_waits_needs_a_yes(stored: Shell, flood: list[ApprovalRequested]) -> None:
    ended = stored.run("reject", *OF_IT, "--by", "ana")
    assert (ended.code, len(flood)) == (2, 5)
    assert "nobody was asked whether to reject what waits; look at it, then say --yes" in ended.err


class Collecting:
    """A voice that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def send(self, record: Any) -> None:
        self.records.append(record)


def test_all_that_waits_is_rejected_each_by_a_decision_of_its_own(
    store: Engine, flood: list[ApprovalRequested]
) -> None:
    voice = Collecting()
    with store.begin() as conn:
        waits = queued_of_agent(conn, "billing-service", "biller")
        reject_all(voice, waits, "ana", "it loops")
        commit(conn, *voice.records)
        assert queues(conn) == []
        verdicts = told(conn)
    assert {each.digest for each in verdicts} == {each.digest for each in flood[2:]}
    assert {(each.state.value, each.note, each.decided_by) for each in verdicts} == {
        ("REJECTED", "it loops", "ana")
    }


def told(conn: Connection) -> list[PlanDecided]:
    return said(conn, PlanDecided)
