"""A plan has an owner, and a revision one content."""

from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection

from gate_events.ids import request_id
from gate_events.values import Agent
from gate_events.words import RequestKind, Timing
from stream_apps.gatekeeper.commit import Committed
from tests.claims.gate import cleared, commit, may_run, open_questions, proposed, refusals, routed, step

PAY = proposed(step("pay", what="bob"))


@pytest.mark.parametrize("proposer", ["mallory", "billing-service-2"])
def test_a_plan_id_belongs_to_its_first_proposer(conn: Connection, proposer: str) -> None:
    commit(conn, routed(PAY))
    [why] = refusals(commit(conn, routed(proposed(step("look"), revision=2, proposer=proposer))))
    assert "was first proposed by billing-service for agent biller" in why
    assert [gate.digest for gate in open_questions(conn)] == [routed(PAY).digest]


def test_and_to_its_first_agent(conn: Connection) -> None:
    commit(conn, routed(PAY))
    assert refusals(commit(conn, routed(proposed(revision=2, agent=Agent(name="another")))))


def asked_anew_as_a_revision(committed: Committed) -> bool:
    """It is taken, and shown as what it changes, which no router knows."""
    [why] = refusals(committed)
    return why.startswith("asked anew as") and why.endswith("differs in findings")


def test_another_spelling_of_the_owner_is_the_owner(conn: Connection) -> None:
    commit(conn, routed(PAY))
    again = routed(proposed(step("pay", what="eve"), revision=2, proposer="Billing-Service "))
    assert asked_anew_as_a_revision(commit(conn, again))


@pytest.mark.parametrize("first", ["asked", "cleared"])
def test_the_same_revision_with_other_content_is_refused_and_said(conn: Connection, first: str) -> None:
    commit(conn, routed(PAY if first == "asked" else proposed()))
    [why] = refusals(commit(conn, routed(proposed(step("look", what="something else")))))
    assert "revision 1 of plan" in why
    assert "has other content already: propose it as revision 2" in why


def test_a_redelivery_is_no_lie(conn: Connection) -> None:
    commit(conn, routed(PAY))
    assert refusals(commit(conn, routed(PAY), routed(PAY))) == []
    assert len(open_questions(conn)) == 1


def test_a_revision_that_nobody_could_judge_takes_no_place(conn: Connection) -> None:
    commit(conn, routed(PAY))
    hidden = proposed(step("look", what="hidden"), revision=2, proposer="billing-\u200bservice")
    assert "leave it out" in refusals(commit(conn, cleared(hidden)))[0]
    honest = routed(proposed(step("look"), revision=2))
    assert refusals(commit(conn, honest)) == []
    assert honest.digest in may_run(conn)


@pytest.mark.parametrize("attempt", [1, 2])
def test_the_id_of_another_plans_gate_is_nobody_elses(conn: Connection, attempt: int) -> None:
    """Else the honest question would find its place taken, and nobody would hear of it."""
    theirs = msgspec.structs.replace(
        routed(proposed(step("pay", what="eve"), name="mine")), request_id=_gate(attempt)
    )
    [why] = refusals(commit(conn, theirs))
    assert why.startswith("its request_id is another question's")
    commit(conn, routed(PAY))
    assert [(gate.gate_id, gate.digest) for gate in open_questions(conn)] == [(_gate(1), routed(PAY).digest)]


def _gate(attempt: int) -> UUID:
    return request_id(PAY.plan_id, PAY.revision, RequestKind.PLAN, Timing.BEFORE, attempt=attempt)
