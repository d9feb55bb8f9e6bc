"""The explanation of a plan: step by step, rule by rule."""

from gate_policy.explain import explain
from gate_policy.judge import judge
from tests.policy.plans import NOW, mail, office, plan, step

RULES = """
rules:
  - {name: late, when: args.tag == 'late', actions: [tag], tier: IRREVERSIBLE, because: it hurts}
  - {name: long, when: plan.steps > 9, high_stakes: true, because: it is long}
"""


def test_each_step_says_its_tier_and_what_each_rule_thinks() -> None:
    lines = explain(
        plan(step("r", "read", file="x"), step("t", "tag", who="eva", tag="late")), office(RULES), now=NOW
    )
    assert lines == [
        "The plan is IRREVERSIBLE (tier 3): a human decides before it runs.",
        "r: Read x",
        "  REVERSIBLE (tier 1)",
        "  because read is REVERSIBLE (tier 1) in the catalogue",
        "  rule late is not about read",
        "  rule long does not apply: plan.steps > 9 is false",
        "t: Tag eva as late",
        "  IRREVERSIBLE (tier 3)",
        "  because tag is PARTIALLY_REVERSIBLE (tier 2) in the catalogue",
        "  because rule late asks for at least IRREVERSIBLE: it hurts",
        "  rule long does not apply: plan.steps > 9 is false",
        "1 of ana, ben must agree until 2026-03-02 16:30 UTC.",
    ]


def test_each_step_lists_the_arguments_that_its_sentence_does_not_print_whole() -> None:
    lines = explain(plan(mail("m", "eva", cc=["x", "y"], password="p")), office(), now=NOW)  # noqa: S106
    assert lines[1:3] == ["m: Mail eva: hello", '  with cc=["x","y"], password="•••"']


def test_a_plan_that_nobody_looks_at_says_so() -> None:
    lines = explain(plan(step("r", "read", file="x")), office(), now=NOW)
    assert lines[0] == "The plan is REVERSIBLE (tier 1): it runs without a review."
    assert not any("must agree" in line for line in lines)


def test_findings_are_told_with_their_steps() -> None:
    lines = explain(plan(mail("a", "eva"), mail("b", "eva"), step("x", "launch")), office(), now=NOW)
    assert "finding, unknown action: launch is not in the catalogue (1 step) (x)" in lines
    assert "finding, duplicate steps: 2 steps do exactly the same: Mail eva: hello (a, b)" in lines


def test_the_explanation_agrees_with_the_judgement() -> None:
    proposed = plan(mail("a", "eva"), step("t", "tag", who="eva", tag="late"), step("x", "launch"))
    judgement = judge(proposed, office(RULES), now=NOW)
    lines = explain(proposed, office(RULES), now=NOW)
    for one in judgement.steps:
        at = next(index for index, line in enumerate(lines) if line.startswith(f"{one.step_id}: "))
        assert lines[at + 1] == f"  {one.tier.value} (tier {one.tier.number})"
        assert set(lines[at + 2 : at + 2 + len(one.reasons)]) == {f"  because {why}" for why in one.reasons}
