"""The steps that take a plan back."""

from collections.abc import Iterable, Sequence

from gate_events.ids import derived
from gate_events.records import StepResult
from gate_events.values import Step
from gate_events.words import StepStatus, Tier
from gate_policy.catalogue import Catalogue
from gate_policy.errors import NotUndoableError

_LONGEST_ID = 256


def undo_steps(
    steps: Sequence[Step], results: Iterable[StepResult], catalogue: Catalogue
) -> tuple[Step, ...]:
    """The compensating steps for those of `steps` that succeeded, last first.

    A tier-1 action without an undo leaves nothing to take back and gives no step. Undo templates see the
    step's arguments by name, `args` and `result`. Raises NotUndoableError naming the first step that
    has no undo, whose effect is in doubt, or whose undo lacks a value.
    """
    by_id = {result.step_id: result for result in results}
    undone = []
    for step in reversed(steps):
        result = by_id.get(step.step_id)
        if result is None or result.status in (StepStatus.FAILED, StepStatus.SKIPPED):
            continue
        if result.status.in_doubt:
            raise _not_undoable(step, "its effect is in doubt", "resolve the doubt first")
        if (one := _undone(step, result, catalogue)) is not None:
            undone.append(one)
    return tuple(undone)


def _undone(step: Step, result: StepResult, catalogue: Catalogue) -> Step | None:
    action = catalogue.actions.get(step.action_type)
    if action is None:
        raise _not_undoable(step, "its action is not in the catalogue", "take it back by hand")
    if action.undo is None:
        if action.tier is Tier.REVERSIBLE:
            return None
        raise _not_undoable(step, "the catalogue gives it no undo", "take it back by hand, or add an undo")
    values = {**step.arguments, "args": step.arguments, "result": result.result}
    try:
        arguments = action.undo.filled(values)
    except Exception as error:  # a template raises by the kind of fault
        fault = f"its undo lacks a value ({type(error).__name__})"
        raise _not_undoable(step, fault, "take it back by hand, or mend the undo's arguments") from error
    return Step(step_id=_undo_id(step.step_id), action_type=action.undo.action, arguments=arguments)


def _not_undoable(step: Step, fault: str, mend: str) -> NotUndoableError:
    return NotUndoableError(step.step_id, step.action_type, fault, mend)


def _undo_id(step_id: str) -> str:
    name = f"undo-{step_id}"
    return name if len(name) <= _LONGEST_ID else f"undo-{derived('undo', step_id)}"
