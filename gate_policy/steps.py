"""One step judged: catalogue, claim and rules, each only ever raising."""

from dataclasses import dataclass, field

from gate_events.shown import shown
from gate_events.values import Step
from gate_events.words import Tier
from gate_policy.actions import Action
from gate_policy.catalogue import Catalogue
from gate_policy.conditions import Verdict
from gate_policy.effects import effect_of
from gate_policy.facts import Facts
from gate_policy.requirements import Body
from gate_policy.rules import Rule
from gate_policy.tiers import RANK


@dataclass(slots=True)
class JudgedStep:
    """What is known of a step while its plan is judged."""

    step: Step
    action: Action | None
    tier: Tier
    reasons: list[str]
    before: bool = False
    bodies: list[Body] = field(default_factory=list)
    effect_key: str | None = None
    opinions: list[tuple[Rule, Verdict]] = field(default_factory=list)

    def raise_to(self, tier: Tier) -> None:
        """Raise the tier; a lower one changes nothing."""
        if RANK[tier] > RANK[self.tier]:
            self.tier = tier.counts_as


def judged_step(step: Step, index: int, catalogue: Catalogue, facts: Facts) -> JudgedStep:
    """A step's tier and requirements; `index` counts from 1."""
    judged = _by_catalogue(step, catalogue)
    claim = step.claimed_tier
    if claim is not None and RANK[claim] > RANK[judged.tier]:
        judged.raise_to(claim)
        judged.reasons.append(f"the agent itself claims {claim.value}")
    for rule in catalogue.rules_of(step.action_type):
        _apply(rule, facts.verdict(rule.when, step, index), judged)
    return judged


def _by_catalogue(step: Step, catalogue: Catalogue) -> JudgedStep:
    action = catalogue.actions.get(step.action_type)
    if action is None:
        return JudgedStep(step, None, Tier.IRREVERSIBLE, [_unknown(step)], True, [catalogue.defaults.body])
    judged = JudgedStep(step, action, action.tier, [action.reason])
    if action.names_reviewers:
        judged.bodies.append(action.body)
    if action.high_stakes:
        judged.before = True
        judged.reasons.append(f"{action.name} is high-stakes: a human decides before it runs")
    if action.settle:
        judged.before = True
        judged.reasons.append(f"{action.name} has an open doubt in the catalogue: {action.settle}")
    if action.effect:
        judged.effect_key = effect_of(step, action)
    return judged


def _unknown(step: Step) -> str:
    name, tier = shown(step.action_type), Tier.IRREVERSIBLE
    return f"{name} is not in the catalogue, so it counts as {tier.value} (tier {tier.number})"


def _apply(rule: Rule, verdict: Verdict, judged: JudgedStep) -> None:
    if verdict is Verdict.NO:
        return
    judged.opinions.append((rule, verdict))
    judged.reasons.append(rule.reason(verdict))
    judged.before = judged.before or rule.high_stakes
    if rule.tier is not None:
        judged.raise_to(rule.tier)
    if rule.body is not None:
        judged.bodies.append(rule.body)
