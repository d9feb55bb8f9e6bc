"""The steps of an edit: from a file, without some, or from the reviewer's editor."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from gate_events.records import ApprovalRequested
from gate_events.scripts import is_mixed, words
from gate_events.shown import MIXED
from gate_policy.catalogue import Catalogue
from gate_policy.display import REDACTED
from gate_policy.render import display_arguments
from plangate.cli.editable import as_text, of_text, with_untouched
from plangate.cli.failures import CommandError
from plangate.cli.files import parse_yaml, read_text

MEND = "give the list of all steps as they shall run, as `plangate show --json` has them"
_ANOTHER_WAY = "set EDITOR, or give a file with the steps, or --drop"
_HEADER = f"""\
# These steps run instead of the proposed ones once you save and say yes. Change arguments, leave steps
# out, or add some; {REDACTED} stands for a secret, which stays as it is.
"""
Plain = dict[str, Any]


def edited_steps(
    request: ApprovalRequested, catalogue: Catalogue, file: Path | None, drop: Sequence[str]
) -> list[Plain]:
    """The whole plan as it shall run. Raises CommandError, OSError."""
    raw: list[Plain] = [msgspec.to_builtins(step) for step in request.steps]
    if drop:
        return _without(raw, drop)
    shown = [
        {**plain, "arguments": display_arguments(step, catalogue.actions.get(step.action_type))}
        for plain, step in zip(raw, request.steps, strict=True)
    ]
    if file is not None:
        steps = _steps(parse_yaml(read_text(file), file, MEND), file)
    else:
        edited = "the edited text"
        steps = _steps(of_text(_in_editor(_headed(as_text(shown))), edited, MEND), edited)
    return [_merged(step, shown, raw) for step in steps]


def _without(raw: list[Plain], drop: Sequence[str]) -> list[Plain]:
    unknown = sorted(set(drop) - {step["step_id"] for step in raw})
    if unknown:
        raise CommandError(f"the plan has no steps {', '.join(unknown)}", "`plangate show ID` lists them")
    kept = [step for step in raw if step["step_id"] not in drop]
    if not kept:
        raise CommandError("no step would be left", "reject the plan instead")
    return kept


def _headed(text: str) -> str:
    """The text below comments that say what it is for; JSON, which has none, as it is."""
    if text.startswith("["):
        return text
    marked = sorted({part for part, is_word in words(text) if is_word and is_mixed(part)})
    return _HEADER + "".join(f"# {each}{MIXED}\n" for each in marked) + text


def _in_editor(before: str) -> str:
    if not (sys.stdin.isatty() or os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise CommandError("there is no terminal for an editor", "give a file with the steps, or --drop")
    try:
        text = click.edit(before, extension=".yaml")
    except click.ClickException as error:  # the editor is missing, or it failed
        raise CommandError(error.message, _ANOTHER_WAY) from error
    if text is None:
        raise CommandError("nothing was changed", "save the file in the editor, or give a file or --drop")
    return text


def _steps(steps: Any, name: object) -> list[Plain]:
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise CommandError(f"{name}: the steps are no list of objects", MEND)
    return steps


def _merged(step: Plain, shown: list[Plain], raw: list[Plain]) -> Plain:
    """A step with what nobody touched as it was proposed."""
    step_id = step.get("step_id")
    known = {own["step_id"]: (before, own) for before, own in zip(shown, raw, strict=True)}
    before, own = known.get(step_id, (None, None))
    merged: Plain = with_untouched(step, before, own, f"step {step_id}")
    return merged
