"""What an edit changed, step by step."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gate_events.shown import shown
from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.display import named
from gate_policy.render import display_arguments, sentence, unsaid

Plain = dict[str, Any]
Values = Mapping[str, Any]


def changes(before: Sequence[Plain], after: Sequence[Plain], catalogue: Catalogue) -> list[str]:
    """A line for each step left out (-), changed (~) or added (+), and one where the order is another.

    Secret arguments are redacted; of a changed one it is said that it is another.
    """
    old = {step["step_id"]: step for step in before}
    new = {step["step_id"]: step for step in after}
    lines = [f"- {_said(step, catalogue)}" for step_id, step in old.items() if step_id not in new]
    for step_id, step in new.items():
        if step_id not in old:
            lines.append(f"+ {_said(step, catalogue)}")
            rest = unsaid(msgspec.convert(step, Step), catalogue)
            lines += [f"    with {named(rest)}"] if rest else []
        elif _bytes(step) != _bytes(old[step_id]):
            lines.append(f"~ {_said(step, catalogue)}")
            lines += [f"    {line}" for line in _fields(old[step_id], step, catalogue)]
    kept = [step_id for step_id in old if step_id in new]
    if kept != [step_id for step_id in new if step_id in old]:
        lines.append(f"~ in this order: {', '.join(map(shown, new))}")
    return lines


def _bytes(step: Plain) -> bytes:
    """Python holds 1, 1.0 and True for the same; a plan does not."""
    return msgspec.json.encode(step, order="sorted")


def _said(step: Plain, catalogue: Catalogue) -> str:
    return f"{shown(step['step_id'])}  {sentence(msgspec.convert(step, Step), catalogue)}"


def _fields(old: Plain, new: Plain, catalogue: Catalogue) -> Iterator[str]:
    """What of the step itself is another, and then its arguments: one may be called like a field."""
    was, is_ = _own(old), _own(new)
    yield from (f"its {line}" for line in _changed(was, is_, was, is_))
    displayed = (_displayed(step, catalogue) for step in (old, new))
    yield from _changed(old["arguments"], new["arguments"], *displayed)


def _own(step: Plain) -> Plain:
    return {name: value for name, value in step.items() if name not in ("step_id", "arguments")}


def _displayed(step: Plain, catalogue: Catalogue) -> Mapping[str, Any]:
    return display_arguments(msgspec.convert(step, Step), catalogue.actions.get(step["action_type"]))


def _changed(old: Plain, new: Plain, old_shown: Values, new_shown: Values) -> Iterator[str]:
    for name in {**old, **new}:
        if _value(old, name) == _value(new, name):
            continue
        was, is_ = _value(old_shown, name), _value(new_shown, name)
        yield f"{_name(name)}: " + ("another secret" if was == is_ else f"{was} -> {is_}")


def _name(name: str) -> str:
    """An argument may have any name: one that could be words of ours is quoted."""
    return shown(name if name.isidentifier() else json.dumps(name, ensure_ascii=False))


def _value(values: Values, name: str) -> str:
    return shown(msgspec.json.encode(values[name]).decode()) if name in values else "nothing"
