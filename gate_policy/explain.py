"""Why a plan has its tier: step by step, rule by rule, in plain English."""

from collections.abc import Iterator
from datetime import datetime

from gate_events.records import PlanProposed
from gate_events.shown import shown
from gate_events.values import Step
from gate_events.words import Timing
from gate_policy.catalogue import Catalogue
from gate_policy.conditions import Verdict
from gate_policy.display import named
from gate_policy.facts import Facts
from gate_policy.judge import Judgement, judge
from gate_policy.render import sentence, unsaid

_WHEN = {
    None: "it runs without a review",
    Timing.AFTER: "it runs, and a human reviews it afterwards",
    Timing.BEFORE: "a human decides before it runs",
}


def explain(plan: PlanProposed, catalogue: Catalogue, *, now: datetime) -> list[str]:
    """Lines of text: the plan's end, then every step with all that raised it or did not, then findings.

    Raises UnjudgeablePlanError.
    """
    judgement = judge(plan, catalogue, now=now)
    facts = Facts(plan)
    lines = [_verdict(judgement, catalogue)]
    for index, step in enumerate(plan.steps):
        one = judgement.steps[index]
        lines.append(shown(f"{step.step_id}: {sentence(step, catalogue)}"))
        lines += [f"  with {named(rest)}"] if (rest := unsaid(step, catalogue)) else []
        lines.append(f"  {one.tier.value} (tier {one.tier.number})")
        lines += [f"  because {shown(reason)}" for reason in one.reasons]
        lines += [f"  {said}" for said in _silent_rules(step, index + 1, catalogue, facts)]
    return lines + list(_findings(judgement)) + list(_terms(judgement))


def _verdict(judgement: Judgement, catalogue: Catalogue) -> str:
    tier = f"The plan is {judgement.tier.value} (tier {judgement.tier.number})"
    mode = " (mode earned: everything is approved before)" if catalogue.mode == "earned" else ""
    return f"{tier}: {_WHEN[judgement.timing]}{mode}."


def _silent_rules(step: Step, index: int, catalogue: Catalogue, facts: Facts) -> Iterator[str]:
    applying = catalogue.rules_of(step.action_type)
    for rule in catalogue.rules:
        if rule not in applying:
            yield f"rule {rule.name} is not about {shown(step.action_type)}"
        elif facts.verdict(rule.when, step, index) is Verdict.NO:
            yield f"rule {rule.name} does not apply: {shown(rule.when.source)} is false"


def _findings(judgement: Judgement) -> Iterator[str]:
    for finding in judgement.review.findings if judgement.review else ():
        yield shown(f"finding, {finding.check}: {finding.text} ({', '.join(finding.step_ids)})")


def _terms(judgement: Judgement) -> Iterator[str]:
    if judgement.review is None:
        return
    terms = judgement.review.terms
    who = ", ".join(terms.reviewers) or "anyone but the proposer and its agent"
    yield f"{terms.quorum} of {who} must agree until {terms.deadline:%Y-%m-%d %H:%M} UTC."
