"""A plan in plain English: one sentence a step, equal sentences as one group."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from gate_events.shown import shown
from gate_events.values import Group, Step
from gate_events.words import Tier
from gate_policy.actions import Action
from gate_policy.catalogue import Catalogue
from gate_policy.display import listing, redacted
from gate_policy.templates import Template


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
    return {name: value for name, value in arguments.items() if name not in action.says.whole}


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
    step, action, _ = members[0]
    if len(members) == 1:
        return [_group(_sentence(step, action), members)]
    text = _many(action, display_arguments(step, action), len(members)) if action else None
    return _listed(members) if text is None else [_group(text, members)]


def _many(action: Action, arguments: Mapping[str, Any], count: int) -> str | None:
    if action.group:
        return _rendered(action.group, arguments, count)
    text = _rendered(action.says, arguments, count) if action.says else None
    return None if text is None else f"{count} times: {text}"


def _listed(members: list[Shown]) -> list[Group]:
    listings: dict[str, list[Shown]] = {}
    for one in members:
        text = listing(one.step.action_type, display_arguments(one.step, one.action))
        listings.setdefault(text, []).append(one)
    return [
        _group(text if len(same) == 1 else f"{len(same)} times: {text}", same)
        for text, same in listings.items()
    ]


def _group(text: str, members: list[Shown]) -> Group:
    return Group(text=text, tier=members[0].tier, step_ids=tuple(one.step.step_id for one in members))
