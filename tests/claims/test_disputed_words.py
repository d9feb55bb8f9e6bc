"""What two requests tell differently of a service's plan is asked in the words of neither: none is proven."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanProposed
from gate_events.values import Agent
from gate_events.words import DecisionKind, Tier
from gate_policy.catalogue import load_catalogue
from gate_policy.disputed import DISPUTED
from gate_policy.edited import review_of_edit
from gate_policy.route import route
from gate_store.dialects import read, whole
from gate_store.dispositions import Fate
from gate_store.tables import gates
from stream_apps.gatekeeper.commit import Committed, commit_batch
from tests.claims.gate import cleared, may_run, open_questions, proposed, refusals
from tests.store.acting import decide, said
from tests.store.examples import NOON, decided

RULED = load_catalogue("""
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  pay: {tier: IRREVERSIBLE, says: "Pay {{ what }}", arguments: [what]}
rules:
  - name: goal
    when: 'plan.goal.contains("close")'
    reviewers: [ada, bob]
    quorum: 2
    because: "it closes an account"
""")
TRUE = proposed(
    goal="close the account",
    agent=Agent(name="biller", model="new"),
    steps=(msgspec.structs.replace(proposed().steps[0], action_type="pay"),),
)
LIES: dict[str, dict[str, Any]] = {
    "another goal": {"goal": "a refund, agreed by phone"},
    "another model": {"agent": Agent(name="biller", model="tried")},
    "a claim": {"steps": (msgspec.structs.replace(TRUE.steps[0], claimed_tier=Tier.PARTIALLY_REVERSIBLE),)},
}
LIE = msgspec.structs.replace(TRUE, **LIES["another goal"])
lies = pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())


def question(plan: PlanProposed) -> ApprovalRequested:
    record = route(plan, RULED, now=NOON)
    assert isinstance(record, ApprovalRequested)
    return record


def commit(conn: Connection, *records: Any) -> Committed:
    return commit_batch(conn, records, RULED, NOON)


def commit_in(conn: Connection, batches: int, records: Sequence[ApprovalRequested]) -> list[str]:
    """In one batch or one each; the refusals."""
    if batches == 1:
        return refusals(commit(conn, *records))
    return [why for record in records for why in refusals(commit(conn, record))]


def supersedings(conn: Connection) -> list[DecisionMade]:
    return [each for each in said(conn, DecisionMade) if each.kind is DecisionKind.SUPERSEDE]


def the_question(conn: Connection) -> ApprovalRequested:
    """The one that is open, once the gate's own words about the others have come back."""
    decide(conn, *supersedings(conn))
    [row] = open_questions(conn)
    request = conn.execute(select(whole(gates.c.request)).where(gates.c.gate_id == row.gate_id)).scalar_one()
    return read(request, ApprovalRequested)


def dispute(conn: Connection, *plans: PlanProposed) -> ApprovalRequested:
    commit_in(conn, 2, [question(plan) for plan in plans])
    return the_question(conn)


@lies
@pytest.mark.parametrize("batches", [1, 2])
def test_what_is_told_in_two_ways_is_asked_in_neither(
    conn: Connection, lie: dict[str, Any], batches: int
) -> None:
    lying = msgspec.structs.replace(TRUE, **lie)
    [why] = commit_in(conn, batches, [question(lying), question(TRUE)])
    asked = the_question(conn)
    assert why.startswith(f"asked anew as {asked.request_id}: ")
    assert asked.attempt == 2
    assert asked.goal == ("" if "goal" in lie else TRUE.goal)
    assert asked.agent.model == (None if "agent" in lie else "new")
    assert asked.steps[0].claimed_tier == (Tier.PARTIALLY_REVERSIBLE if "steps" in lie else None)
    assert asked.review.findings[0].check == DISPUTED
    assert "neither is proven" in asked.review.findings[0].text


@lies
def test_it_does_not_matter_which_was_told_first(conn: Connection, lie: dict[str, Any]) -> None:
    lying = msgspec.structs.replace(TRUE, **lie)
    with conn.begin_nested() as undone:
        one = dispute(conn, lying, TRUE)
        undone.rollback()
    assert dispute(conn, TRUE, lying) == one


def test_the_reviewer_reads_both_goals_on_one_line(conn: Connection) -> None:
    two_lines = msgspec.structs.replace(TRUE, goal='agreed\n"neither is proven", they say')
    [told, *_] = dispute(conn, two_lines, TRUE).review.findings
    assert told.text == (
        "this plan was proposed in two ways, and neither is proven:"
        ' goal "agreed\\n\\"neither is proven\\", they say" or "close the account"'
    )


def test_a_long_goal_is_cut_where_it_is_told(conn: Connection) -> None:
    [told, *_] = dispute(conn, msgspec.structs.replace(TRUE, goal="x" * 90_000), TRUE).review.findings
    assert f'"{"x" * 500}" and 89500 more characters' in told.text


def test_whoever_must_agree_to_either_must_agree(conn: Connection) -> None:
    """Whoever lies about the goal does not get around the rule that goes by it."""
    asked = dispute(conn, LIE, TRUE)
    assert asked.review.terms.reviewers == ("ada", "bob")
    assert asked.review.terms.quorum == 2
    assert any("it closes an account" in reason for reason in asked.review.reasons)


def test_what_an_edit_makes_of_it_is_disputed_still(conn: Connection) -> None:
    asked = dispute(conn, TRUE, msgspec.structs.replace(TRUE, **LIES["another model"]))
    less = (msgspec.structs.replace(TRUE.steps[0], arguments={"what": "less"}),)
    shown = review_of_edit(asked, less, RULED)
    assert shown.findings == asked.review.findings
    commit(conn, decided(asked, DecisionKind.EDIT, "ada", steps=less))
    [edited] = [each for each in said(conn, ApprovalRequested) if each.revision == 2]
    assert edited.review.findings == asked.review.findings


def test_a_third_way_of_telling_it_adds_nothing(conn: Connection) -> None:
    asked = dispute(conn, LIE, TRUE)
    third = msgspec.structs.replace(TRUE, goal="again")
    [why] = refusals(commit(conn, question(third)))
    assert why.startswith(f"gate {asked.request_id} asks about this plan with another")
    assert why.endswith("propose yours as a new revision")
    assert the_question(conn) == asked


def test_what_is_delivered_again_opens_nothing(conn: Connection) -> None:
    """Of the two, the one that has no gate of its own is told of the gate once more."""
    asked = dispute(conn, LIE, TRUE)
    assert refusals(commit(conn, question(LIE), asked)) == []
    [why] = refusals(commit(conn, question(TRUE)))
    assert str(asked.request_id) in why
    assert the_question(conn) == asked


def test_a_yes_to_one_of_the_two_comes_late(conn: Connection) -> None:
    """Also before the gate's own word about it has come."""
    commit(conn, question(LIE), question(TRUE))
    first = question(LIE)
    [late] = decide(conn, decided(first))
    [asked] = [each for each in open_questions(conn) if each.attempt == 2]
    assert (late.fate, late.why) == (Fate.LATE, f"it was asked anew as {asked.gate_id}: look at that one")
    decide(conn, *supersedings(conn))
    [late] = decide(conn, decided(first, name="again"))
    assert late.fate is Fate.LATE
    assert may_run(conn) == set()


def test_votes_for_one_of_the_two_do_not_count(conn: Connection) -> None:
    commit(conn, question(TRUE))
    [counted] = decide(conn, decided(question(TRUE), by="ada"))
    assert counted.fate is Fate.COUNTED
    commit(conn, question(LIE))
    asked = the_question(conn)
    assert [each.fate for each in decide(conn, decided(asked, by="bob"))] == [Fate.COUNTED]
    assert [each.fate for each in decide(conn, decided(asked, by="ada"))] == [Fate.DECIDED]
    assert may_run(conn) == {asked.digest}


@pytest.mark.parametrize("kind", [DecisionKind.APPROVE, DecisionKind.REJECT])
def test_what_was_answered_in_other_words_is_said_to_be(conn: Connection, kind: DecisionKind) -> None:
    commit(conn, question(LIE))
    decide(conn, decided(question(LIE), kind))
    [why] = refusals(commit(conn, question(TRUE)))
    state = "APPROVED" if kind is DecisionKind.APPROVE else "REJECTED"
    assert why == (
        f"gate {question(LIE).request_id} asked about this plan with another proposer, agent, goal or claim,"
        f" and is {state}: propose yours as a new revision"
    )
    assert open_questions(conn) == []


def test_the_gates_own_word_is_no_one_elses(conn: Connection) -> None:
    """While only one has told it, nothing takes its place."""
    commit(conn, question(LIE), question(TRUE))
    [ours] = supersedings(conn)
    other = msgspec.structs.replace(ours, event_id=proposed(name="other").plan_id)
    assert [each.fate for each in decide(conn, other)] == [Fate.DEAD_LETTER]
    assert [each.fate for each in decide(conn, ours)] == [Fate.DECIDED]


@lies
def test_a_clearance_in_other_words_is_the_other_telling(conn: Connection, lie: dict[str, Any]) -> None:
    """Of what a human is asked in a liar's words, the true ones may need no human."""
    lying = msgspec.structs.replace(TRUE, **lie)
    commit(conn, question(lying))
    [why] = refusals(commit(conn, cleared(TRUE)))
    asked = the_question(conn)
    assert why.startswith(f"asked anew as {asked.request_id}: ")
    assert asked.review.findings[0].check == DISPUTED
    [why] = refusals(commit(conn, cleared(TRUE)))
    assert str(asked.request_id) in why
    assert the_question(conn) == asked
    assert may_run(conn) == set()


def test_another_agents_name_is_no_dispute(conn: Connection) -> None:
    """Whose plan it is was said by the first: another is told so."""
    commit(conn, question(LIE))
    [why] = refusals(commit(conn, question(msgspec.structs.replace(TRUE, agent=Agent(name="mallory")))))
    assert "was first proposed by billing-service for agent biller" in why
