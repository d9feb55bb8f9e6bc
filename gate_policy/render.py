"""A plan in plain English: one sentence a step, equal sentences as one group."""

from collections.abc import Iterable, Mapping, Set
from typing import Any, NamedTuple

import msgspec

from gate_events.shown import shown
from gate_events.values import Finding, Group, Step
from gate_events.words import Tier
from gate_policy.actions import Action
from gate_policy.catalogue import Catalogue
from gate_policy.differences import differences, in_common, same_in_all
from gate_policy.display import listing, redacted
from gate_policy.templates import Template
from gate_policy.tiers import RANK


class Shown(NamedTuple):
    """A step with what is needed to say it."""

    step: Step
    action: Action | None
    tier: Tier


def display_arguments(step: Step, action: Action | None) -> Mapping[str, Any]:
    """A step's arguments with its secret fields redacted."""
    if action is None or not action.secret:
        return step.arguments
    shown_: Mapping[str, Any] = redacted(step.arguments, action.secret)
    return shown_


def sentence(step: Step, catalogue: Catalogue) -> str:
    """One step in plain English, on one line. Never raises for a missing argument."""
    return _sentence(step, catalogue.actions.get(step.action_type))


def unsaid(step: Step, catalogue: Catalogue) -> Mapping[str, Any]:
    """The arguments that a step's sentence does not print whole; secret fields redacted."""
    action = catalogue.actions.get(step.action_type)
    arguments = display_arguments(step, action)
    if action is None or action.says is None or _rendered(action.says, arguments, 1) is None:
        return {}  # all are listed
    printed = _printed_whole(action.says, arguments)
    return {name: value for name, value in arguments.items() if name not in printed}


def _sentence(step: Step, action: Action | None) -> str:
    arguments = display_arguments(step, action)
    text = _rendered(action.says, arguments, 1) if action and action.says else None
    return listing(step.action_type, arguments) if text is None else text


def _rendered(template: Template, arguments: Mapping[str, Any], count: int) -> str | None:
    if template.ambiguous(arguments):
        return None  # nobody can tell what is meant; the caller then lists the arguments
    try:
        return shown(template.render({**arguments, "args": arguments, "n": count}))
    except Exception:  # a template raises by the kind of fault
        return None


def groups(steps: Iterable[Shown]) -> tuple[Group, ...]:
    """Every step in exactly one group; only steps that read alike share one."""
    alike: dict[object, list[Shown]] = {}
    for one in steps:
        alike.setdefault(_likeness(one), []).append(one)
    return tuple(group for members in alike.values() for group in _said(members))


def in_order_of_weight(told: Iterable[Group], findings: Iterable[Finding]) -> tuple[Group, ...]:
    """What a finding names stands first, in the findings' order, then by tier; all else as it was planned."""
    place: dict[str, int] = {}
    for nth, finding in enumerate(findings):
        for step_id in finding.step_ids:
            place.setdefault(step_id, nth)
    unnamed = len(place)

    def weight(group: Group) -> tuple[int, int]:
        return min(place.get(step_id, unnamed) for step_id in group.step_ids), -RANK[group.tier]

    return tuple(sorted(told, key=weight))


def _likeness(one: Shown) -> object:
    """What members of a group have in common: all that their sentence can show."""
    step, action, tier = one
    arguments = display_arguments(step, action)
    template = (action.group or action.says) if action else None
    if template is None:
        return step.action_type, tier, msgspec.json.encode(arguments)
    if "args" in template.variables:
        return step.action_type, tier, msgspec.json.encode(arguments, order="sorted")
    seen = {name: arguments[name] for name in template.variables if name in arguments}
    return step.action_type, tier, msgspec.json.encode(seen, order="sorted")


def _said(members: list[Shown]) -> list[Group]:
    """One group, or one for each listing where the template lacks an argument."""
    action = members[0].action
    arguments = [display_arguments(one.step, action) for one in members]
    several = len(members) > 1
    template = ((several and action.group) or action.says) if action else None
    text = _rendered(template, arguments[0], len(members)) if template else None
    if template is None or text is None:
        return _listed(members)
    if several and template is not (action and action.group):
        text = f"{len(members)} times: {text}"
    used = _printed_whole(template, arguments[0])
    if several:
        listed = (action and action.arguments) or ()
        unprinted = {name: value for name, value in in_common(arguments, listed).items() if name not in used}
        common = {
            name: value for name, value in unprinted.items() if not _is_concealed(name, members, arguments)
        }
        if told := [each for each in (differences(arguments, listed), same_in_all(common)) if each]:
            text = f"{text} ({'; '.join(told)})"
        used = used | common.keys()
    return [_group(text, members, used)]


def _printed_whole(template: Template, arguments: Mapping[str, Any]) -> Set[str]:
    """The arguments that stand in the template's text as they are."""
    return arguments.keys() if "args" in template.whole else template.whole & arguments.keys()


def _is_concealed(name: str, members: list[Shown], arguments: list[Mapping[str, Any]]) -> bool:
    """Whether a secret is in it: secrets look alike, and may differ."""
    return any(one.step.arguments[name] != seen[name] for one, seen in zip(members, arguments, strict=True))


def _listed(members: list[Shown]) -> list[Group]:
    listings: dict[str, list[Shown]] = {}
    for one in members:
        text = listing(one.step.action_type, display_arguments(one.step, one.action))
        listings.setdefault(text, []).append(one)
    return [
        _group(text if len(same) == 1 else f"{len(same)} times: {text}", same, same[0].step.arguments)
        for text, same in listings.items()
    ]


def _group(text: str, members: list[Shown], used: Iterable[str]) -> Group:
    step_ids = tuple(one.step.step_id for one in members)
    return Group(text=text, tier=members[0].tier, step_ids=step_ids, used=tuple(sorted(used)))
