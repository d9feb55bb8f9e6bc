"""What can be wrong with a catalogue or a plan, said so that its author can mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gate_events.shown import shown

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """One fault of a catalogue: where it stands, what is wrong and how to mend it."""

    file: str
    line: int
    field: str
    value: str | None
    fault: str
    mend: str
    severity: Severity = "error"

    def __str__(self) -> str:
        value = "" if self.value is None else f"{self.value} "
        return shown(f"{self.file}:{self.line}: {self.field}: {value}{self.fault}; {self.mend}")


class CatalogueError(ValueError):
    """{problem}, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class UnjudgeablePlanError(ValueError):
    """{field}: {value} {fault}; {mend}."""

    def __init__(self, field: str, value: str, fault: str, mend: str) -> None:
        super().__init__(f"{field}: {value} {fault}; {mend}")
        self.field = field
        self.value = value
        self.fault = fault
        self.mend = mend


class NotUndoableError(ValueError):
    """step {step_id} ({action_type}) cannot be undone: {fault}; {mend}."""

    def __init__(self, step_id: str, action_type: str, fault: str, mend: str) -> None:
        super().__init__(f"step {step_id} ({action_type}) cannot be undone: {fault}; {mend}")
        self.step_id = step_id
        self.action_type = action_type
        self.fault = fault
        self.mend = mend


class McpToolsError(ValueError):
    """{field}: {fault}; {mend}."""

    def __init__(self, field: str, fault: str, mend: str) -> None:
        super().__init__(f"{field}: {fault}; {mend}")
        self.field = field
        self.fault = fault
        self.mend = mend


class TemplateFaultError(ValueError):
    """{fault}; {mend}."""

    def __init__(self, fault: str, mend: str) -> None:
        super().__init__(f"{fault}; {mend}")
        self.fault = fault
        self.mend = mend


class ConditionFaultError(ValueError):
    """{fault}; {mend}."""

    def __init__(self, fault: str, mend: str) -> None:
        super().__init__(f"{fault}; {mend}")
        self.fault = fault
        self.mend = mend
