"""A claim about a later revision waits for the earlier one; then it counts, or is told at once why not."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind
from gate_policy.edited import review_of_edit
from gate_store.tables import waiting_plans
from gate_store.waiting_plans import settle_waiting_plans
from tests.claims.gate import (
    CATALOGUE,
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
from tests.store.acting import said
from tests.store.examples import HOUR, NOON, decided

PAY = proposed(step("pay", what="bob"))
SECOND = routed(proposed(step("look"), revision=2))


def waits(conn: Connection) -> list[int]:
    """The revisions for whose turn somebody waits still."""
    found = select(waiting_plans.c.revision).where(waiting_plans.c.why.is_(None))
    return list(conn.execute(found).scalars())


def given_up_at_once(conn: Connection) -> list[tuple[Any, str]]:
    told = settle_waiting_plans(conn, NOON, HOUR)
    assert settle_waiting_plans(conn, NOON, HOUR) == []
    return told


def test_a_later_revision_waits_for_the_earlier_one(conn: Connection) -> None:
    """They may travel on two topics, and the second come first."""
    assert refusals(commit(conn, SECOND)) == []
    assert (may_run(conn), waits(conn)) == (set(), [2])
    commit(conn, routed(proposed(step("look", what="first"))))
    assert SECOND.digest in may_run(conn)
    assert conn.execute(select(waiting_plans)).all() == []


def test_each_waits_for_the_one_before_it(conn: Connection) -> None:
    later = [routed(proposed(step("look", what=str(number)), revision=number)) for number in (4, 3, 2)]
    commit(conn, *later[:2])
    assert sorted(waits(conn)) == [3, 4]
    commit(conn, routed(PAY))
    assert sorted(waits(conn)) == [3, 4]
    commit(conn, later[2])
    assert waits(conn) == []
    assert {each.digest for each in later} <= may_run(conn)


def test_a_revision_that_nothing_leads_to_is_given_up_in_the_end(conn: Connection) -> None:
    lie = routed(proposed(step("pay"), revision=2**31 - 1))
    commit(conn, routed(PAY), lie)
    assert len(open_questions(conn)) == 1
    assert settle_waiting_plans(conn, NOON, HOUR) == []
    [(given_up, why)] = settle_waiting_plans(conn, NOON + HOUR, HOUR)
    assert given_up == lie
    assert why.endswith("did not within 1:00:00; number revisions one by one")
    assert conn.execute(select(waiting_plans)).all() == []
    assert (
        "asked anew as" in refusals(commit(conn, routed(proposed(step("pay", what="next"), revision=2))))[0]
    )
    assert [each.revision for each in said(conn, type(lie))] == [2]


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (cleared(proposed(revision=2, proposer="mallory")), "was first proposed by billing-service"),
        (cleared(proposed(step("pay", what="eve"), revision=2)), "asked anew as"),
    ],
    ids=["of another", "asked anew"],
)
def test_what_does_not_count_at_its_turn_is_told_why_and_at_once(
    conn: Connection, lie: Any, reason: str
) -> None:
    commit(conn, lie)
    assert given_up_at_once(conn) == []
    commit(conn, routed(PAY))
    [(told, why)] = given_up_at_once(conn)
    assert (told, reason in why, "did not within" in why) == (lie, True, False)
    assert conn.execute(select(waiting_plans)).all() == []


def test_what_was_said_meanwhile_waits_no_more(conn: Connection) -> None:
    commit(conn, SECOND)
    assert refusals(commit(conn, routed(proposed(step("look", what="first"))), SECOND)) == []
    assert conn.execute(select(waiting_plans)).all() == []
    assert given_up_at_once(conn) == []


@pytest.mark.parametrize("lie_first", [True, False], ids=["the lie first", "the lie last"])
def test_who_waits_under_the_same_digest_takes_no_place(conn: Connection, lie_first: bool) -> None:
    """A digest does not name the proposer."""
    lie = msgspec.structs.replace(SECOND, proposer="mallory")
    for claim in (lie, SECOND) if lie_first else (SECOND, lie):
        commit(conn, claim)
    commit(conn, routed(PAY))
    assert SECOND.digest in may_run(conn)
    assert [told for told, _ in given_up_at_once(conn)] in ([lie], [])


def test_a_claim_that_waited_for_an_edit_counts_when_that_is_made(conn: Connection) -> None:
    third = routed(proposed(step("look"), revision=3))
    commit(conn, asked(PAY), third)
    assert waits(conn) == [3]
    steps = (step("pay", what="ann"),)
    shown = review_digest(review_of_edit(asked(PAY), steps, CATALOGUE))
    made = decided(asked(PAY), DecisionKind.EDIT, steps=steps, review_digest=shown, at=NOON)
    commit(conn, made)
    assert waits(conn) == []
    assert third.digest in may_run(conn)


def test_a_decision_that_waited_behind_such_a_claim_is_heard(conn: Connection) -> None:
    third = asked(proposed(step("pay", what="cy"), revision=3))
    commit(conn, asked(PAY), third, decided(third))
    made = decided(asked(PAY), DecisionKind.EDIT, steps=(step("pay", what="ann"),), at=NOON)
    commit(conn, made)
    questions = said(conn, ApprovalRequested)
    assert [each.revision for each in questions] == [2, 3]
    assert refusals(commit(conn, questions[0])) == []
