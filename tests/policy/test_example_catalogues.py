"""The example catalogues: sound, and right about real plans."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gate_events.values import Step
from gate_events.words import Tier, Timing
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.check import check_catalogue
from gate_policy.effects import PriorEffect, effect_keys
from gate_policy.judge import Judgement, judge
from tests.policy.plans import NOW, OTHER_PLAN, plan, step

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "catalogues"
DATA = ROOT.parent / "shared" / "data"


def text_of(name: str) -> str:
    return (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")


def catalogue(name: str) -> Catalogue:
    return load_catalogue(text_of(name), f"{name}.yaml")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: str(path.name))
def test_every_example_is_sound(path: Path) -> None:
    known = {
        # a person has the conversation and can only be told: the finding in each such plan is meant
        "airline.yaml:61: actions.transfer_to_human_agents: is PARTIALLY_REVERSIBLE but has no undo; "
        "add an undo, or make it IRREVERSIBLE"
    }
    found = check_catalogue(path.read_text(encoding="utf-8"), path.name)
    problems = {str(problem) for problem in found if problem.severity != "note"}
    assert problems - known == set()


def test_200_overdue_notices_are_held_with_what_the_reviewer_must_know() -> None:
    billing = catalogue("billing")
    steps = [
        step(
            f"s{at}",
            "send_overdue_notice",
            customer=f"c{at}",
            to=f"c{at}@example.com",
            subject="Your invoice is overdue",
            invoice_status="paid" if at < 104 else "open",
        )
        for at in range(200)
    ]
    prior = {one.key: PriorEffect(one.key, NOW, OTHER_PLAN, "0" * 64) for one in effect_keys(steps, billing)}
    judgement = judge(plan(*steps), billing, now=NOW, prior=prior)
    assert judgement.timing is Timing.BEFORE
    assert judgement.review is not None
    assert [group.text for group in judgement.review.groups] == [
        'Send 200 emails: Your invoice is overdue (customer: 200 different values, "c0" to "c99";'
        ' to: 200 different values, "c0@example.com" to "c9@example.com";'
        ' invoice_status: "paid" 104 times, "open" 96 times)'
    ]
    assert [(one.check, one.text, len(one.step_ids)) for one in judgement.review.findings] == [
        ("rule paid", "104 have paid", 104),
        (
            "already done",
            "200 of 200 steps of send_overdue_notice repeat what was already done within 24 hours "
            "(last 2026-03-02 08:30 UTC)",
            200,
        ),
    ]


def test_the_billing_plans_of_all_three_tiers() -> None:
    def judged(*steps: Step) -> Judgement:
        return judge(plan(*steps), catalogue("billing"), now=NOW)

    look = step("l", "look_up_invoice", invoice="i", customer="c")
    tag = step("t", "tag_account", customer="c", tag="late")
    assert judged(look, step("n", "add_note", customer="c", note="x")).timing is None
    assert judged(look, tag).timing is Timing.AFTER
    credit: dict[str, Any] = {"customer": "c", "currency": "EUR", "invoice": "i"}
    assert judged(step("c", "apply_credit", amount=20, **credit)).timing is Timing.AFTER
    assert judged(step("c", "apply_credit", amount=200, **credit)).tier is Tier.IRREVERSIBLE


def cases(name: str) -> list[dict[str, Any]]:
    path = DATA / f"{name}_plans.jsonl"
    if not path.is_file():
        pytest.skip(f"the plans of tau-bench are not at {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def steps_of(case: dict[str, Any]) -> list[Step]:
    return [
        Step(step_id=f"s{at}", action_type=one["action"], arguments=one["arguments"])
        for at, one in enumerate(case["steps"])
    ]


@pytest.mark.parametrize(("name", "tiers"), [("airline", {1, 2, 3}), ("retail", {2, 3})])
def test_real_plans_are_known_said_in_full_and_of_every_tier(name: str, tiers: set[int]) -> None:
    known, seen = catalogue(name), Counter[int]()
    for case in cases(name):
        steps = steps_of(case)
        if not steps:
            continue
        judgement = judge(plan(*steps, goal=case["goal"]), known, now=NOW)
        seen[judgement.tier.number] += 1
        assert judgement.tier is max((known.actions[one.action_type].tier for one in steps), key=_number) or (
            judgement.tier is Tier.IRREVERSIBLE
        )
        if judgement.review is None:
            continue
        assert sum(len(group.step_ids) for group in judgement.review.groups) == len(steps)
        for group in judgement.review.groups:
            assert group.text.split("(")[0] not in known.actions  # every sentence found its arguments
        assert not [one for one in judgement.review.findings if one.check == "unknown action"]
    assert set(seen) == tiers


def _number(tier: Tier) -> int:
    return tier.number
