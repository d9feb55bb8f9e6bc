"""Which steps of a plan must have begun before which."""

from collections.abc import Iterable

from gate_events.values import Step


def refuse_unknown_order(steps: Iterable[Step]) -> None:
    """Raises ValueError, naming step and mend, where a step is `after` one that does not stand before it."""
    before: set[str] = set()
    for step in steps:
        if step.after and (strange := [name for name in step.after if name not in before]):
            problem = f"step {step.step_id!r} is after {strange[0]!r}, which does not stand before it"
            raise ValueError(f"{problem} in the plan; name step ids that do, or move the step behind it")
        before.add(step.step_id)


def steps_before(steps: Iterable[Step]) -> dict[str, list[str]]:
    """The ids of the steps that must have begun before each step, as few as will do.

    A step that has begun stands for all that it waited for.
    """
    found: dict[str, list[str]] = {}
    nobody_waits_for: dict[str, None] = {}
    for step in steps:
        before = list(nobody_waits_for) if step.after is None else list(step.after)
        for name in before:
            nobody_waits_for.pop(name, None)
        nobody_waits_for[step.step_id] = None
        found[step.step_id] = before
    return found
