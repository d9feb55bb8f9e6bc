"""Tier, level, timing and reviewers of a plan."""

import traceback
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from gate_events.digest import plan_digest
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.words import DecisionKind, Level, Tier, Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.errors import CatalogueError, UnjudgeablePlanError
from gate_policy.judge import Judgement, judge
from gate_policy.requirements import Requirements, requirements_of
from gate_policy.route import route
from tests.policy.plans import HEAD, NOW, OFFICE, mail, office, plan, step

T1, T2, T3 = Tier.REVERSIBLE, Tier.PARTIALLY_REVERSIBLE, Tier.IRREVERSIBLE
TAG = step("t", "tag", who="eva", tag="late")


def judged(*steps: Any, more: str = "", **fields: Any) -> Judgement:
    return judge(plan(*steps, **fields), office(more), now=NOW)


def rule(name: str, when: str, asks: str) -> str:
    return f"rules:\n  - name: {name}\n    when: {when}\n    because: so it is\n    {asks}\n"


@pytest.mark.parametrize(
    ("steps", "tier", "level", "timing"),
    [
        ([step("r", "read", file="a")], T1, Level.L3, None),
        ([step("r", "read", file="a"), TAG], T2, Level.L1, Timing.AFTER),
        ([step("c", "close")], T2, Level.L0, Timing.BEFORE),
        ([step("r", "read", file="a"), TAG, mail("m", "eva")], T3, Level.L0, Timing.BEFORE),
        ([step("x", "launch")], T3, Level.L0, Timing.BEFORE),
        ([step("r", "read", T3, file="a")], T3, Level.L0, Timing.BEFORE),
        ([step("m", "mail", T1, to="eva", subject="s")], T3, Level.L0, Timing.BEFORE),
    ],
    ids=["tier 1", "tier 2", "high stakes", "tier 3", "unknown", "claimed higher", "claimed lower"],
)
def test_the_highest_step_makes_the_plan(
    steps: list[Any], tier: Tier, level: Level, timing: Timing | None
) -> None:
    found = judged(*steps)
    assert (found.tier, found.level, found.timing) == (tier, level, timing)
    assert (found.review is None) == (timing is None)


def test_in_earned_mode_everything_is_approved_before() -> None:
    found = judged(step("r", "read", file="a"), more="mode: earned\n")
    assert (found.tier, found.level, found.timing) == (T1, Level.L0, Timing.BEFORE)
    assert found.review is not None
    assert "mode earned: a human decides on every plan before it runs" in found.review.reasons


def test_a_judgement_carries_digest_and_policy() -> None:
    proposed = plan(TAG)
    found = judge(proposed, office(), now=NOW)
    assert found.digest == plan_digest(proposed.plan_id, 1, proposed.steps, None)
    assert found.policy == office().digest


@pytest.mark.parametrize(
    ("when", "tier"),
    [
        ("args.tag == 'vip'", T3),
        ("args.tag == 'late'", T2),
        ("has(args.gone)", T2),
        ("args.gone > 3", T3),  # missing: a doubt
        ("args.tag > 3", T3),  # another type: a doubt
        ("args.tag", T3),  # not a boolean: a doubt
        ("args.tag.size() / 0 > 1", T3),  # fails: a doubt
        ("args.size() == 2", T3),
        ("args.size() == 1", T2),
        ("action == 'tag' && step.id == 't' && step.index == 1", T3),
        ("plan.goal == 'tidy up' && plan.steps == 1 && plan.counts['tag'] == 1", T3),
        ("plan.steps == 2", T2),
        ("agent.name == 'biller' && agent.model == 'm-1'", T3),
        ("agent.prompt_version == null && plan.proposer == 'biller'", T3),
        ("agent.name == 'other'", T2),
    ],
)
def test_a_rule_raises_where_its_condition_holds_or_cannot_be_told(when: str, tier: Tier) -> None:
    vip = step("t", "tag", who="eva", tag="vip")
    assert judged(vip, more=rule("r", f'"{when}"', "tier: IRREVERSIBLE")).tier is tier


def test_a_rule_in_doubt_says_so() -> None:
    found = judged(TAG, more=rule("limit", "args.amount > 3", "tier: IRREVERSIBLE"))
    reason = found.steps[0].reasons[-1]
    assert reason.startswith(
        "rule limit asks for at least IRREVERSIBLE: so it is (its condition could not be"
    )
    assert found.review is not None
    assert any("could not be evaluated for 1 step" in finding.text for finding in found.review.findings)


def test_a_rule_never_lowers() -> None:
    text = rule("soft", "'true'", "tier: REVERSIBLE")
    assert judged(mail("m", "eva"), more=text).tier is T3


def test_a_rule_that_names_actions_leaves_others_alone() -> None:
    text = rule("r", "'true'", "tier: IRREVERSIBLE\n    actions: [note]")
    assert judged(TAG, more=text).tier is T2
    assert judged(step("n", "note", text="x"), more=text).tier is T3


def test_a_rule_can_ask_for_a_review_before() -> None:
    assert judged(TAG, more=rule("r", "'true'", "high_stakes: true")).timing is Timing.BEFORE


def test_a_later_rule_takes_nothing_back_of_an_earlier_one() -> None:
    strict = rule("strict", "'true'", "high_stakes: true")
    soft = rule("soft", "'true'", "warn: look").removeprefix("rules:\n")
    assert judged(TAG, more=strict + soft).timing is Timing.BEFORE
    assert judged(step("c", "close"), more="rules:\n" + soft).timing is Timing.BEFORE


def test_a_rule_that_names_reviewers_has_someone_look() -> None:
    found = judged(step("r", "read", file="a"), more=rule("r", "'true'", "reviewers: [money]"))
    assert found.timing is Timing.AFTER
    assert found.review is not None
    assert found.review.terms.reviewers == ("ana", "carla", "dev")


def test_a_warning_counts_its_steps() -> None:
    text = rule("paid", "args.subject == 'due'", 'warn: "{{ n }} have paid"')
    found = judged(mail("a", "x", "due"), mail("b", "y", "due"), mail("c", "z", "hi"), more=text)
    assert found.review is not None
    (finding,) = found.review.findings
    assert (finding.check, finding.text, finding.step_ids) == ("rule paid", "2 have paid", ("a", "b"))


def test_terms_are_frozen_from_the_catalogue() -> None:
    before, after = judged(mail("m", "eva")).review, judged(TAG).review
    assert before is not None
    assert after is not None
    assert before.terms.deadline == NOW + timedelta(hours=8)
    assert (before.terms.use_by_s, before.terms.reviewers, before.terms.quorum) == (3600, ("ana", "ben"), 1)
    assert set(before.terms.allowed) == {
        DecisionKind.APPROVE,
        DecisionKind.EDIT,
        DecisionKind.REJECT,
        DecisionKind.RESPOND,
    }
    assert set(after.terms.allowed) == {DecisionKind.CONFIRM, DecisionKind.UNDO}


def test_the_shortest_deadline_and_use_by_of_the_reviewed_actions_hold() -> None:
    catalogue = load_catalogue(
        HEAD
        + "  a: {tier: IRREVERSIBLE, deadline: 2h, use_by: 5m}\n"
        + "  b: {tier: IRREVERSIBLE, deadline: 1h, use_by: 9m}\n"
        + "  c: {tier: REVERSIBLE, deadline: 1s, use_by: 1s}\n"
    )
    review = judge(plan(step("a", "a"), step("b", "b"), step("c", "c")), catalogue, now=NOW).review
    assert review is not None
    assert (review.terms.deadline, review.terms.use_by_s) == (NOW + timedelta(hours=1), 300)


def test_an_edit_keeps_what_its_request_needed() -> None:
    request = route(plan(mail("m", "eva")), office(), now=NOW)
    assert isinstance(request, ApprovalRequested)
    edited = plan(step("r", "read", file="a"), revision=2)
    found = judge(edited, office(), now=NOW, required=requirements_of(request))
    assert (found.tier, found.timing) == (T3, Timing.BEFORE)
    assert found.review is not None
    assert found.review.terms.reviewers == ("ana", "ben")
    raised = judge(plan(mail("m", "eva")), office(), now=NOW, required=Requirements())
    assert raised.tier is T3


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    "value",
    [2**53, float("nan"), "\ud800", deep(64), deep(5000)],
    ids=["2^53", "nan", "surrogate", "64", "5000"],
)
def test_arguments_without_canonical_json_cannot_be_judged(value: Any) -> None:
    with pytest.raises(UnjudgeablePlanError, match=r"^steps: step t has no canonical JSON; use "):
        judged(step("s", "tag", who="x"), step("t", "tag", who=value))


def test_a_number_that_has_none_is_not_quoted_since_it_may_be_a_secret() -> None:
    card = 10**18 + 1
    with pytest.raises(UnjudgeablePlanError) as judging:
        judged(step("t", "tag", who=card))
    assert str(card) not in "".join(traceback.format_exception(judging.value))


def test_arguments_as_deep_as_a_digest_allows_are_judged_and_shown() -> None:
    text = OFFICE + rule("r", "args.who.a.size() > 1", "tier: IRREVERSIBLE")
    steps = [
        step("t", "tag", who=deep(60), tag="x"),
        step("u", "what", who=deep(60)),
        mail("m", "x", deep(60)),
    ]
    found = judge(plan(*steps), load_catalogue(text), now=NOW)
    assert found.review is not None
    assert len(found.review.groups) == 3


def test_a_redelivered_plan_gives_the_same_ids() -> None:
    for steps, kind in (([TAG], PlanCleared), ([mail("m", "eva")], ApprovalRequested)):
        first = route(plan(*steps), office(), now=NOW)
        again = route(plan(*steps), office(), now=NOW + timedelta(minutes=5))
        revised = route(plan(*steps, revision=2), office(), now=NOW)
        other = route(plan(*steps, plan_id=UUID(int=7)), office(), now=NOW)
        assert isinstance(first, kind)
        assert first.event_id == again.event_id
        assert len({first.event_id, revised.event_id, other.event_id}) == 3


def test_a_cleared_plan_carries_its_review_for_afterwards_and_a_harmless_one_none() -> None:
    tagged = route(plan(TAG), office(), now=NOW)
    harmless = route(plan(step("r", "read", file="a")), office(), now=NOW)
    assert isinstance(tagged, PlanCleared)
    assert isinstance(harmless, PlanCleared)
    assert tagged.review is not None
    assert harmless.review is None
    assert (tagged.steps, tagged.goal, tagged.proposer) == ((TAG,), "tidy up", "biller")


def test_a_claim_that_nobody_knows_counts_as_irreversible() -> None:
    found = judged(step("r", "read", Tier.UNKNOWN, file="a"))
    assert (found.tier, found.level, found.timing) == (T3, Level.L0, Timing.BEFORE)
    assert found.steps[0].tier is T3


def test_no_rule_calls_a_tier_unknown() -> None:
    with pytest.raises(CatalogueError, match="is no tier"):
        judged(TAG, more=rule("r", "'true'", "tier: UNKNOWN"))
