"""Plan checks that need no model. Each finding names its steps; most hold the plan for a human."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gate_events.canonical import canonical
from gate_events.digest import step_digest
from gate_events.names import same_name
from gate_events.records import PlanProposed
from gate_events.shown import shown
from gate_events.values import Finding
from gate_events.words import Tier
from gate_policy.catalogue import Catalogue
from gate_policy.conditions import Verdict
from gate_policy.display import argument_name
from gate_policy.durations import spoken
from gate_policy.effects import PriorEffect
from gate_policy.render import sentence
from gate_policy.steps import JudgedStep

DUPLICATES = "duplicate steps"
ALREADY_DONE = "already done"
_TOO_FEW = "split the plan or mend the catalogue"
_NAMED = 20  # arguments; each step shows all of its own
Judged = Sequence[JudgedStep]
ByType = Mapping[str, list[JudgedStep]]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and whether it holds the plan for a human before it runs."""

    finding: Finding
    before: bool
    in_own_words: bool = False  # of a rule that is met


def findings(
    plan: PlanProposed, judged: Judged, catalogue: Catalogue, now: datetime, prior: Mapping[str, PriorEffect]
) -> list[Found]:
    """Everything that the checks and rules want the reviewer to see."""
    by_type: dict[str, list[JudgedStep]] = {}
    for one in judged:
        by_type.setdefault(one.step.action_type, []).append(one)
    found = [*unknown(by_type), *unlisted(by_type), *unsettled(by_type), *too_many(by_type, catalogue)]
    if len(judged) > len(by_type) and catalogue.checks.duplicates:
        found += duplicates(by_type, catalogue)
    found += [*wrong_order(judged, by_type), *missing_undo(by_type)]
    if any(one.action is not None and one.action.effect is not None for one in judged):
        named = {one.finding.step_ids for one in found if one.finding.check == DUPLICATES}
        found += effects_unknown(by_type)
        found += [one for one in effects_twice(judged, catalogue) if one.finding.step_ids not in named]
        found += done_before(plan, by_type, now, prior) if prior else ()
    return sorted([*found, *rule_findings(judged)], key=_rank)


def _rank(found: Found) -> tuple[bool, bool]:
    """What a rule says in its own words stands first, then what holds the plan."""
    return not found.in_own_words, not found.before


def _found(check: str, text: str, steps: Iterable[JudgedStep], before: bool = True) -> Found:
    ids = tuple(one.step.step_id for one in steps)
    return Found(Finding(check=check, text=shown(text), step_ids=ids), before)


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def unknown(by_type: ByType) -> Iterator[Found]:
    """Action types that the catalogue does not know."""
    for name, steps in by_type.items():
        if steps[0].action is None:
            yield _found("unknown action", f"{name} is not in the catalogue ({_steps(len(steps))})", steps)


def unlisted(by_type: ByType) -> Iterator[Found]:
    """Arguments that the catalogue does not list: whoever wrote it has not said what they do."""
    for name, steps in by_type.items():
        action = steps[0].action
        if action is None or action.arguments is None:
            continue
        listed = frozenset(action.arguments)
        strange = [one for one in steps if not one.step.arguments.keys() <= listed]
        if strange:
            names = sorted({key for one in strange for key in one.step.arguments.keys() - listed})
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            told = f"{', '.join(map(argument_name, names[:_NAMED]))}{more} ({_steps(len(strange))})"
            text = f"{name} has arguments that the catalogue does not list: {told}"
            yield _found("unlisted argument", text, strange)


def unsettled(by_type: ByType) -> Iterator[Found]:
    """Action types whose entry in the catalogue still has an open doubt."""
    for name, steps in by_type.items():
        action = steps[0].action
        if action and action.settle:
            yield _found("unsettled", f"{name} has an open doubt in the catalogue: {action.settle}", steps)


def too_many(by_type: ByType, catalogue: Catalogue) -> Iterator[Found]:
    """More steps of one action type than the catalogue allows at once."""
    limits = catalogue.checks.max_steps
    if not limits:
        return
    for name, steps in by_type.items():
        limit = limits.get(name, limits.get("*"))
        if limit is not None and len(steps) > limit:
            text = f"{len(steps)} steps of {name}, more than the {limit} allowed at once"
            yield _found("blast radius", text, steps)


def duplicates(by_type: ByType, catalogue: Catalogue) -> Iterator[Found]:
    """Steps with the same action and arguments; repeats of an idempotent tier-1 action are harmless."""
    for steps in by_type.values():
        if len(steps) < 2 or _repeatable(steps) or _all_differ(steps):
            continue
        same: dict[bytes, list[JudgedStep]] = {}
        for one in steps:
            same.setdefault(canonical(one.step.arguments), []).append(one)
        for twins in same.values():
            if len(twins) > 1:
                text = f"{len(twins)} steps do exactly the same: {sentence(twins[0].step, catalogue)}"
                yield _found(DUPLICATES, text, twins)


def _repeatable(steps: list[JudgedStep]) -> bool:
    action = steps[0].action
    return action is not None and action.idempotent and all(one.tier is Tier.REVERSIBLE for one in steps)


def _all_differ(steps: list[JudgedStep]) -> bool:
    """The quick answer for most plans: what is equal in JSON is equal in Python too."""
    try:
        return len({frozenset(one.step.arguments.items()) for one in steps}) == len(steps)
    except TypeError:  # a list or an object among the arguments
        return False


def wrong_order(judged: Judged, by_type: ByType) -> Iterator[Found]:
    """Steps without the step that must come before them."""
    if not any(steps[0].action and steps[0].action.after for steps in by_type.values()):
        return
    early: dict[tuple[str, str], list[JudgedStep]] = {}
    seen: set[str] = set()
    for one in judged:
        for needed in one.action.after if one.action else ():
            if needed not in seen:
                early.setdefault((one.step.action_type, needed), []).append(one)
        seen.add(one.step.action_type)
    for (name, needed), steps in early.items():
        where = "comes only later in this plan" if needed in by_type else "is not in this plan"
        text = f"{name} must come after {needed}, which {where} ({_steps(len(steps))})"
        yield _found("wrong order", text, steps)


def missing_undo(by_type: ByType) -> Iterator[Found]:
    """Tier-2 actions that the catalogue gives no undo: a review after the fact could not take them back."""
    for name, steps in by_type.items():
        action = steps[0].action
        if action is None or action.undo is not None:
            continue
        second = [one for one in steps if one.tier is Tier.PARTIALLY_REVERSIBLE]
        if second:
            yield _found("missing undo", f"{name} has no undo in the catalogue", second, before=False)


def effects_unknown(by_type: ByType) -> Iterator[Found]:
    """Steps whose effect cannot be told, so that nobody knows whether it was already done."""
    for name, steps in by_type.items():
        blind = [one for one in steps if one.action and one.action.effect and one.effect_key is None]
        if blind:
            text = (
                f"{_steps(len(blind))} of {name} without the argument that tells whether it was already done"
            )
            yield _found("effect unknown", text, blind)


def effects_twice(judged: Judged, catalogue: Catalogue) -> Iterator[Found]:
    """Steps of this plan that have one and the same effect."""
    same: dict[str, list[JudgedStep]] = {}
    for one in judged:
        if one.effect_key is not None:
            same.setdefault(one.effect_key, []).append(one)
    for twins in same.values():
        if len(twins) > 1:
            text = f"{len(twins)} steps have the same effect: {sentence(twins[0].step, catalogue)}"
            yield _found("same effect twice", text, twins)


def done_before(
    plan: PlanProposed, by_type: ByType, now: datetime, prior: Mapping[str, PriorEffect]
) -> Iterator[Found]:
    """Effects that were already done within their window, and those that a waiting plan asks for too."""
    for name, steps in by_type.items():
        action = steps[0].action
        if action is None or action.effect is None:
            continue
        met = [(one, effect) for one in steps if (effect := _other(one, plan, prior))]
        window = timedelta(seconds=action.effect.window_s)
        done = [(one, effect.at) for one, effect in met if not effect.waits and now - effect.at < window]
        if done:
            last = max(at for _, at in done).astimezone(UTC)
            text = (
                f"{len(done)} of {_steps(len(steps))} of {name} repeat what was already done within "
                f"{spoken(action.effect.window_s)} (last {last:%Y-%m-%d %H:%M} UTC)"
            )
            yield _found(ALREADY_DONE, text, [one for one, _ in done])
        waiting = [(one, effect.plan_id) for one, effect in met if effect.waits]
        if waiting:
            plans = sorted({str(plan_id) for _, plan_id in waiting})
            more = f" and {len(plans) - 1} more" if len(plans) > 1 else ""
            text = (
                f"what {len(waiting)} of {_steps(len(steps))} of {name} do is also asked in plan "
                f"{plans[0]}{more} that waits for its decision"
            )
            yield _found("already asked", text, [one for one, _ in waiting])


def _other(one: JudgedStep, plan: PlanProposed, prior: Mapping[str, PriorEffect]) -> PriorEffect | None:
    """The effect of another step or plan that this step would repeat."""
    effect = prior.get(one.effect_key) if one.effect_key is not None else None
    if effect is None or effect.plan_id != plan.plan_id:
        return effect
    # A plan does not wait for itself; and a redelivered first revision meets what its own steps did,
    # and must be judged as it was.
    own = effect.waits or (plan.revision == 1 and effect.step_digest == step_digest(plan.plan_id, one.step))
    return None if own else effect


def too_few(plan: PlanProposed, people: Sequence[str], quorum: int) -> Found | None:
    """Fewer reviewers than must agree; whoever proposes a plan or is its agent does not count."""
    able = [who for who in people if not any(same_name(who, own) for own in (plan.proposer, plan.agent.name))]
    if not people or len(able) >= quorum:
        return None
    needs = "1 approval is needed" if quorum == 1 else f"{quorum} approvals are needed"
    if able:
        return _found("quorum", f"{needs}, but only {len(able)} may decide: {_TOO_FEW}", ())
    text = f"{needs}, but nobody may decide on a plan in their own name ({', '.join(people)})"
    return _found("quorum", f"{text}: let somebody else propose it or mend the catalogue", ())


def rule_findings(judged: Judged) -> Iterator[Found]:
    """What rules warn of, and rules that could not be evaluated."""
    warned: dict[str, list[JudgedStep]] = {}
    doubted: dict[str, list[JudgedStep]] = {}
    rules = {}
    for one in judged:
        for rule, verdict in one.opinions:
            rules[rule.name] = rule
            if verdict is Verdict.DOUBT:
                doubted.setdefault(rule.name, []).append(one)
            elif rule.warn:
                warned.setdefault(rule.name, []).append(one)
    for name, steps in warned.items():
        template = rules[name].warn
        if template is not None:
            told = _found(f"rule {name}", template.render({"n": len(steps)}), steps, before=False)
            yield replace(told, in_own_words=True)
    for name, steps in doubted.items():
        text = f"rule {name} could not be evaluated for {_steps(len(steps))}, so it counts as met: "
        yield _found(f"rule {name}", text + rules[name].because, steps, before=False)
