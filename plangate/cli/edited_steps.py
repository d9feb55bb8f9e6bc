"""The steps of an edit: from a file, without some, or from the reviewer's editor."""

import os
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import click
import msgspec
from ruamel.yaml import YAML

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import Catalogue
from gate_policy.display import REDACTED
from gate_policy.render import display_arguments
from plangate.cli.failures import CommandError
from plangate.cli.files import parse_yaml, read_text

MEND = "give the list of all steps as they shall run, as `plangate show --json` has them"
Plain = dict[str, Any]


def edited_steps(
    request: ApprovalRequested, catalogue: Catalogue, file: Path | None, drop: Sequence[str]
) -> list[Plain]:
    """The whole plan as it shall run. Raises CommandError, OSError."""
    raw: list[Plain] = [msgspec.to_builtins(step) for step in request.steps]
    if drop:
        return _without(raw, drop)
    if file is not None:
        return _restored(_parsed(read_text(file), file), raw)
    seen = [
        {**plain, "arguments": display_arguments(step, catalogue.actions.get(step.action_type))}
        for plain, step in zip(raw, request.steps, strict=True)
    ]
    return _restored(_parsed(_in_editor(seen), "the edited text"), raw)


def _without(raw: list[Plain], drop: Sequence[str]) -> list[Plain]:
    unknown = sorted(set(drop) - {step["step_id"] for step in raw})
    if unknown:
        raise CommandError(f"the plan has no steps {', '.join(unknown)}", "`plangate show ID` lists them")
    kept = [step for step in raw if step["step_id"] not in drop]
    if not kept:
        raise CommandError("no step would be left", "reject the plan instead")
    return kept


def _in_editor(steps: list[Plain]) -> str:
    if not (sys.stdin.isatty() or os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise CommandError("there is no terminal for an editor", "give a file with the steps, or --drop")
    out = StringIO()
    YAML().dump(steps, out)
    text = click.edit(out.getvalue(), extension=".yaml")
    if text is None:
        raise CommandError("nothing was changed", "save the file in the editor, or give a file or --drop")
    return text


def _parsed(text: str, name: object) -> list[Any]:
    steps = parse_yaml(text, name, MEND)
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise CommandError(f"{name}: the steps are no list of objects", MEND)
    return steps


def _restored(steps: list[Any], raw: list[Plain]) -> list[Plain]:
    """Secrets that the editor showed as ••• are again what they were."""
    before = {step["step_id"]: step for step in raw}
    return [_unmasked(step, before.get(step.get("step_id"), step)) for step in steps]


def _unmasked(value: Any, before: Any) -> Any:
    if value == REDACTED:
        return before
    if isinstance(value, dict):
        known = before if isinstance(before, dict) else {}
        return {key: _unmasked(inner, known.get(key, inner)) for key, inner in value.items()}
    if isinstance(value, list):
        known_items = before if isinstance(before, list) and len(before) == len(value) else value
        return [_unmasked(*pair) for pair in zip(value, known_items, strict=True)]
    return value
