"""No rule, claim, finding or requirement ever makes a judgement milder; reviewers can only be added."""

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gate_events.words import Tier, Timing, known
from gate_policy.catalogue import load_catalogue
from gate_policy.effects import PriorEffect
from gate_policy.judge import Judgement, judge
from gate_policy.requirements import Body, Requirements, united
from tests.policy.plans import NOW, OFFICE, OTHER_PLAN, plan, step

WAIT = {None: 0, Timing.AFTER: 1, Timing.BEFORE: 2, Timing.UNKNOWN: 2}
ACTIONS = ["read", "note", "tag", "open", "close", "mail", "launch"]
ARGUMENTS = st.dictionaries(st.sampled_from(["to", "who", "amount"]), st.sampled_from(["eva", 3, None]))
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), ARGUMENTS), min_size=1, max_size=6)
WHEN = ["'true'", "'false'", "args.amount > 1", "args.who", "plan.steps > 2", "1 / 0 > 1"]
RULE = st.fixed_dictionaries(
    {
        "when": st.sampled_from(
            ["'true'", "'false'", "args.amount > 1", "args.who", "plan.steps > 2", "1 / 0 > 1"]
        )
    },
    optional={
        "tier": st.sampled_from([tier.value for tier in known(Tier)]),
        "high_stakes": st.just("true"),
        "reviewers": st.just("[money]"),
        "quorum": st.just("2"),
        "actions": st.just("[tag, mail]"),
    },
)
PEOPLE = ["ana", "ben", "eva", "zoe"]


def rules(drawn: list[dict[str, str]]) -> str:
    fields = [", ".join(f"{key}: {value}" for key, value in one.items()) for one in drawn]
    lines = [f"  - {{name: r{at}, because: b, warn: w, {said}}}" for at, said in enumerate(fields)]
    return "rules:\n" + "\n".join(lines) + "\n" if lines else ""


def not_milder(one: Judgement, than: Judgement) -> None:
    assert than.tier <= one.tier
    assert one.level <= than.level
    assert WAIT[than.timing] <= WAIT[one.timing]
    for mine, its in zip(one.steps, than.steps, strict=True):
        assert its.tier <= mine.tier
    if one.review and than.review:
        assert than.review.terms.quorum <= one.review.terms.quorum
        assert one.review.terms.deadline <= than.review.terms.deadline


@given(STEPS, st.lists(RULE, max_size=3), st.lists(st.none() | st.sampled_from(Tier), min_size=6, max_size=6))
def test_rules_and_claims_only_raise(drawn: list[Any], asked: list[Any], claims: list[Tier | None]) -> None:
    plain = [step(f"s{at}", action, **given_) for at, (action, given_) in enumerate(drawn)]
    claimed = [step(f"s{at}", action, claims[at], **given_) for at, (action, given_) in enumerate(drawn)]
    bare, ruled = load_catalogue(OFFICE), load_catalogue(OFFICE + rules(asked))
    base = judge(plan(*plain), bare, now=NOW)
    not_milder(judge(plan(*plain), ruled, now=NOW), base)
    not_milder(judge(plan(*claimed), ruled, now=NOW), judge(plan(*plain), ruled, now=NOW))
    not_milder(judge(plan(*claimed), bare, now=NOW), base)


@given(STEPS, st.booleans(), st.sampled_from(Tier), st.sampled_from([None, *Timing]))
def test_findings_requirements_and_earned_mode_only_raise(
    drawn: list[Any], earned: bool, tier: Tier, timing: Timing | None
) -> None:
    proposed = plan(*[step(f"s{at}", action, **given_) for at, (action, given_) in enumerate(drawn)])
    base = judge(proposed, load_catalogue(OFFICE + "checks: {duplicates: false}\n"), now=NOW)
    strict = "checks: {max_steps: {'*': 1}}\n" + ("mode: earned\n" if earned else "")
    prior = {
        f"mail:{who}": PriorEffect(f"mail:{who}", NOW, OTHER_PLAN, "0" * 64) for who in ("eva", "3", "null")
    }
    required = Requirements(tier, timing, frozenset({Body(frozenset({"ana"}), 1)}))
    found = judge(proposed, load_catalogue(OFFICE + strict), now=NOW, prior=prior)
    not_milder(found, base)
    floored = judge(proposed, load_catalogue(OFFICE + strict), now=NOW, prior=prior, required=required)
    assert tier <= floored.tier
    assert WAIT[timing] <= WAIT[floored.timing]
    assert WAIT[found.timing] <= WAIT[floored.timing]


BODY = st.builds(
    lambda people, quorum: Body(frozenset(people), min(quorum, len(people) or quorum)),
    st.lists(st.sampled_from(PEOPLE), max_size=4, unique=True),
    st.integers(1, 3),
)


@given(st.frozensets(BODY, max_size=4), st.sampled_from([*PEOPLE, "someone else"]))
def test_whoever_agrees_every_body_has_its_quorum(bodies: frozenset[Body], proposer: str) -> None:
    people, quorum = united(bodies, proposer)
    for agreed in combinations(people, quorum):
        for body in bodies:
            assert len(body.people.intersection(agreed)) >= body.quorum or not body.people
    assert quorum >= max((body.quorum for body in bodies), default=1)
    assert bool(people) == any(body.people for body in bodies)  # an empty list would mean anyone


def test_common_people_decide_alone_where_they_are_enough() -> None:
    desk, money = Body(frozenset({"ana", "ben"}), 1), Body(frozenset({"ana", "carla"}), 1)
    assert united(frozenset({desk, money}), "bot") == (("ana",), 1)
    assert united(frozenset({desk, money}), "ana") == (("ben", "carla"), 2)
    assert united(frozenset({desk}), "ana") == (("ben",), 1)
    assert united(frozenset({Body(frozenset(), 2)}), "ana") == ((), 2)


def test_a_quorum_that_nobody_can_reach_is_told() -> None:
    text = OFFICE + "rules: [{name: r, when: 'true', quorum: 3, because: b}]\n"
    review = judge(plan(step("c", "close")), load_catalogue(text), now=NOW).review
    assert review is not None
    assert [one.text for one in review.findings if one.check == "quorum"] == [
        "3 approvals are needed, but only 2 may decide: split the plan or mend the catalogue"
    ]


@given(st.frozensets(BODY, max_size=4), st.sampled_from([*PEOPLE, "someone else"]))
def test_an_edit_that_changes_nothing_needs_the_same_people(bodies: frozenset[Body], proposer: str) -> None:
    people, quorum = united(bodies, proposer)
    assert united(bodies | {Body(frozenset(people), quorum)}, proposer) == (people, quorum)
