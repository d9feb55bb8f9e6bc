"""A plan has an owner, and a revision one content."""

from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection

from gate_events.ids import request_id
from gate_events.records import PlanProposed
from gate_events.values import Agent
from gate_events.words import RequestKind, Tier, Timing
from gate_store.plan_owners import PlanRecord
from stream_apps.gatekeeper.commit import Committed
from tests.claims.gate import (
    asked,
    cleared,
    commit,
    may_run,
    open_questions,
    proposed,
    refusals,
    routed,
    step,
)

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


@pytest.mark.parametrize("one_batch", [True, False])
def test_the_true_proposer_of_an_id_that_somebody_had_first_is_told_so(
    conn: Connection, one_batch: bool
) -> None:
    """Also where the first one's request was asked anew, under a gate of its own."""
    theirs = msgspec.structs.replace(
        routed(proposed(step("pay", what="eve"), proposer="mallory")), policy="0" * 64
    )
    if one_batch:
        told = refusals(commit(conn, theirs, routed(PAY)))
    else:
        told = refusals(commit(conn, theirs)) + refusals(commit(conn, routed(PAY)))
    assert told[0].startswith("asked anew as")
    assert "was first proposed by mallory for agent biller" in told[1]


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


HIDDEN = {"proposer": "billing-\u200bservice", "agent": Agent(name="bil\u2060ler")}


@pytest.mark.parametrize("together", [False, True], ids=["in two batches", "in one batch"])
@pytest.mark.parametrize("field", HIDDEN)
@pytest.mark.parametrize("lies", [routed, cleared], ids=["asked", "cleared"])
def test_a_name_that_nobody_can_see_takes_no_place_of_an_honest_plan(
    conn: Connection, lies: Callable[[PlanProposed], PlanRecord], field: str, together: bool
) -> None:
    lie = msgspec.structs.replace(lies(proposed(step("pay", what="eve"))), **{field: HIDDEN[field]})
    batches = [(lie, routed(PAY))] if together else [(lie,), (routed(PAY),)]
    [why] = [why for batch in batches for why in refusals(commit(conn, *batch))]
    assert why.startswith("agent.name" if field == "agent" else "proposer")
    assert why.endswith("which nobody sees: leave it out")
    assert [gate.digest for gate in open_questions(conn)] == [routed(PAY).digest]


def test_a_later_revision_in_a_name_that_nobody_can_see_does_not_wait(conn: Connection) -> None:
    hidden = msgspec.structs.replace(routed(proposed(revision=3)), proposer=HIDDEN["proposer"])
    assert "leave it out" in refusals(commit(conn, hidden))[0]


@pytest.mark.parametrize("together", [False, True], ids=["in two batches", "in one batch"])
@pytest.mark.parametrize("lies", ["cleared", "in other words"])
def test_a_question_whose_place_a_lie_has_taken_is_told_where_it_is_asked(
    conn: Connection, lies: str, together: bool
) -> None:
    """On the log it looks like a gate: a dead letter says that it is none, and which is."""
    honest = asked(PAY)
    lie = cleared(PAY) if lies == "cleared" else msgspec.structs.replace(honest, tier=Tier.REVERSIBLE)
    told = [commit(conn, lie, honest)] if together else [commit(conn, lie), commit(conn, honest)]
    [gate] = open_questions(conn)
    if gate.gate_id == honest.request_id:  # in a batch what asks comes first
        assert (lies, together) == ("cleared", True)
    else:
        assert [why.partition(":")[0] for each in told for why in refusals(each)] == 2 * [
            f"asked anew as {gate.gate_id}"
        ]


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
