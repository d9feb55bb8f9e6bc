"""The judgement of a plan: its tier, who must look and when, and what they see. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from gate_events.digest import plan_digest, step_digest
from gate_events.errors import UnencodableError
from gate_events.names import fault_of_name
from gate_events.records import PlanProposed
from gate_events.shown import shown
from gate_events.values import Review, Terms
from gate_events.words import Level, Tier, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.effects import PriorEffect
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.facts import Facts
from gate_policy.plan_checks import Found, findings, too_few
from gate_policy.render import Shown, groups, in_order_of_weight
from gate_policy.requirements import Body, Requirements, terms, united
from gate_policy.steps import JudgedStep, judged_step
from gate_policy.tiers import higher, level_of, stricter, timing_of

NO_PRIOR: Mapping[str, PriorEffect] = MappingProxyType({})
NOTHING_REQUIRED = Requirements()


@dataclass(frozen=True, slots=True)
class StepJudgement:
    """A step's tier and why."""

    step_id: str
    tier: Tier
    reasons: tuple[str, ...]
    effect_key: str | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A plan's tier; `timing` None means that no human looks, and then `review` is None.

    Each of `bodies` must have its own quorum among those who agree; the review's terms see to that.
    """

    tier: Tier
    level: Level
    timing: Timing | None
    review: Review | None
    steps: tuple[StepJudgement, ...]
    digest: str
    policy: str
    bodies: frozenset[Body]


def judge(
    plan: PlanProposed,
    catalogue: Catalogue,
    *,
    now: datetime,
    prior: Mapping[str, PriorEffect] = NO_PRIOR,
    required: Requirements | None = None,
) -> Judgement:
    """Judge a plan. `prior` holds effects already done by effect key; `required` is a floor for edits.

    Raises UnjudgeablePlanError where an argument has no canonical JSON, or a name holds what nobody sees.
    """
    _refuse_unseen_names(plan)
    digest = digest_of(plan)
    floor = required or NOTHING_REQUIRED
    facts = Facts(plan)
    judged = [judged_step(step, at, catalogue, facts) for at, step in enumerate(plan.steps, start=1)]
    found = findings(plan, judged, catalogue, now, prior)
    tier = floor.tier
    for one in judged:
        tier = higher(tier, one.tier)
    bodies = _bodies(judged, catalogue, floor)
    people, quorum = united(bodies, plan.proposer, plan.agent.name)
    timing = _timing(judged, found, catalogue, floor)
    if timing is not None and (short := too_few(plan, people, quorum)):
        found.append(short)
        timing = Timing.BEFORE
    return Judgement(
        tier=tier,
        level=level_of(timing),
        timing=timing,
        review=None
        if timing is None
        else _review(
            judged, found, catalogue, terms(people, quorum, timing, now, *_times(judged, catalogue))
        ),
        steps=tuple(
            StepJudgement(one.step.step_id, one.tier, tuple(one.reasons), one.effect_key) for one in judged
        ),
        digest=digest,
        policy=catalogue.digest,
        bodies=bodies,
    )


def _refuse_unseen_names(plan: PlanProposed) -> None:
    for field, name in (("proposer", plan.proposer), ("agent.name", plan.agent.name)):
        if fault := fault_of_name(name):
            raise UnjudgeablePlanError(field, ascii(name), fault, "leave it out")


def digest_of(plan: PlanProposed) -> str:
    """The plan's digest. Raises UnjudgeablePlanError where it has none."""
    try:
        return plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
    except (UnencodableError, RecursionError) as error:
        mend = "use numbers within 2^53, valid Unicode and at most 100 levels"
        fault = "has no canonical JSON"
        raise UnjudgeablePlanError("steps", _without_digest(plan), fault, mend) from error


def _without_digest(plan: PlanProposed) -> str:
    """The first step that has none. Its arguments stay unsaid: one may be a secret."""
    for step in plan.steps:
        try:
            step_digest(plan.plan_id, step)
        except (UnencodableError, RecursionError):
            return f"step {shown(step.step_id)}"
    return "the whole"


def _timing(
    judged: Sequence[JudgedStep], found: Sequence[Found], catalogue: Catalogue, floor: Requirements
) -> Timing | None:
    if catalogue.mode == "earned" or any(one.before for one in found):
        return Timing.BEFORE
    timing = stricter(floor.timing, None)
    for one in judged:
        timing = stricter(timing, timing_of(one.tier, one.before))
        if one.opinions and timing is None and any(rule.body for rule, _ in one.opinions):
            timing = Timing.AFTER  # a rule that names reviewers wants someone to look
    return timing


def _review(
    judged: Sequence[JudgedStep], found: Sequence[Found], catalogue: Catalogue, frozen: Terms
) -> Review:
    told = groups(Shown(one.step, one.action, one.tier) for one in judged)
    return Review(
        groups=in_order_of_weight(told, [one.finding for one in found]),
        findings=tuple(one.finding for one in found),
        reasons=tuple(_reasons(judged, found, catalogue)),
        terms=frozen,
    )


def _bodies(judged: Sequence[JudgedStep], catalogue: Catalogue, floor: Requirements) -> frozenset[Body]:
    """Everybody who must agree: per step who is named for it, and the defaults where nobody is."""
    bodies = set(floor.bodies)
    reviewed = {}
    for one in judged:
        bodies.update(one.bodies)
        if one.action is not None and timing_of(one.tier, one.before) is not None:
            reviewed[one.action.name] = one.action.body
    return frozenset(bodies.union(reviewed.values())) or frozenset({catalogue.defaults.body})


def _times(judged: Sequence[JudgedStep], catalogue: Catalogue) -> tuple[int, int]:
    """The shortest deadline and use-by of the actions that are reviewed, in seconds."""
    reviewed = [one for one in judged if timing_of(one.tier, one.before) is not None] or judged
    actions = {one.step.action_type: one.action for one in reviewed}
    defaults = catalogue.defaults
    deadlines = [action.deadline_s if action else defaults.deadline_s for action in actions.values()]
    use_bys = [action.use_by_s if action else defaults.use_by_s for action in actions.values()]
    return min(deadlines), min(use_bys)


def _reasons(judged: Sequence[JudgedStep], found: Sequence[Found], catalogue: Catalogue) -> list[str]:
    """Every distinct reason with the steps that it concerns."""
    steps: dict[str, list[str]] = {}
    for one in judged:
        for reason in one.reasons:
            steps.setdefault(reason, []).append(one.step.step_id)
    said = [shown(f"{reason} ({_which(ids)})") for reason, ids in steps.items()]
    if catalogue.mode == "earned":
        said.append("mode earned: a human decides on every plan before it runs")
    checks = dict.fromkeys(one.finding.check for one in found if one.before)
    return said + [f"a human decides before it runs: {check}" for check in checks]


def _which(ids: list[str]) -> str:
    return f"step {ids[0]}" if len(ids) == 1 else f"{len(ids)} steps"
