"""Who proposes a plan, or is its agent, is no reviewer of it, however the name is spelled."""

import pytest

from gate_events.values import Agent
from gate_events.words import Tier, Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.judge import judge
from gate_policy.requirements import Body, united
from tests.policy.plans import NOW, office, plan, step

SOLO = """
version: 1
defaults: {reviewers: [Ana Lee]}
actions:
  look: {tier: REVERSIBLE}
  tag: {tier: PARTIALLY_REVERSIBLE, undo: {action: look}}
  pay: {tier: IRREVERSIBLE}
"""
SPELLINGS = ["Ana Lee", "ana lee", " ANA  LEE ", "Ana\u00a0Lee", "\uff21na Lee"]
UNSEEN = "An\u200ba Lee"  # compares as the same, but no plan in such a name is judged


def body(*people: str, quorum: int = 1) -> Body:
    return Body(frozenset(people), quorum)


@pytest.mark.parametrize("action", ["tag", "pay"])
@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("whose", ["proposer", "agent"])
def test_a_plan_in_the_name_of_its_only_reviewer_is_held_and_told(action: str, name: str, whose: str) -> None:
    names = {"proposer": name} if whose == "proposer" else {"agent": Agent(name=name)}
    found = judge(plan(step("s", action), **names), load_catalogue(SOLO), now=NOW)
    assert found.timing is Timing.BEFORE
    assert found.review is not None
    assert found.review.terms.reviewers == ("Ana Lee",)  # an empty list would mean anyone
    assert [one.text for one in found.review.findings if one.check == "quorum"] == [
        "1 approval is needed, but nobody may decide on a plan in their own name (Ana Lee): "
        "let somebody else propose it or mend the catalogue"
    ]


def test_a_plan_that_nobody_looks_at_needs_no_reviewer() -> None:
    found = judge(plan(step("s", "look"), proposer="Ana Lee"), load_catalogue(SOLO), now=NOW)
    assert (found.tier, found.timing) == (Tier.REVERSIBLE, None)


def test_a_review_that_too_few_may_give_afterwards_is_asked_before() -> None:
    catalogue = office("rules: [{name: r, when: 'true', quorum: 3, because: b}]\n")
    found = judge(plan(step("t", "tag", who="eva", tag="vip")), catalogue, now=NOW)
    assert found.timing is Timing.BEFORE
    assert "a human decides before it runs: quorum" in (found.review.reasons if found.review else ())


@pytest.mark.parametrize("name", ["ana", "Ana", "\u00a0ana "])
def test_neither_proposer_nor_agent_is_asked(name: str) -> None:
    for names in ({"proposer": name}, {"agent": Agent(name=name)}):
        review = judge(plan(step("c", "close"), **names), office(), now=NOW).review
        assert review is not None
        assert review.terms.reviewers == ("ben",)
        assert review.findings == ()


def test_two_spellings_in_two_lists_are_one_person() -> None:
    bodies = frozenset({body("ana", "ben"), body("ANA", "carla")})
    assert united(bodies, "bot") == (("ANA",), 1)
    assert united(bodies, "Ana") == (("ben", "carla"), 2)


def test_proposer_and_agent_both_are_left_out() -> None:
    assert united(frozenset({body("ana", "ben", "carla", quorum=2)}), "ana", "Ben") == (("carla",), 2)
