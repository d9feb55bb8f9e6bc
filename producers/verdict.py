"""What a graph hears at its gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from gate_events.pause import MARK, GateAnswer, answer_of
from gate_events.verdict_words import message_on
from gate_events.words import GateState
from producers.step import Step

_SAID = {"approved", "message"}  # by the rest


class NoVerdictError(ValueError):
    """The gate was resumed with {value}, which is no verdict; resume through Plangate's resumer."""

    def __init__(self, value: object, why: str) -> None:
        super().__init__(
            f"the gate was resumed with a {type(value).__name__}, which is no verdict ({why}); "
            "decide through Plangate, whose resumer then resumes the graph"
        )
        self.value = value


@dataclass(frozen=True)
class Verdict:
    """The gate's final word. `steps` are what may run, perhaps edited; none unless it is approved."""

    plan_id: UUID
    revision: int
    digest: str
    state: GateState
    steps: tuple[Step, ...]
    note: str
    decided_by: str
    use_by: datetime | None

    @property
    def approved(self) -> bool:
        """Whether `steps` may run."""
        return self.state is GateState.APPROVED

    @property
    def message(self) -> str:
        """What it means, for an agent's model: first what was executed, last the reviewer's own words."""
        return message_on(self.state, self.decided_by, self.note)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON, to keep in the graph's state; with `approved` and `message`."""
        plain: dict[str, Any] = msgspec.to_builtins(self._answer())
        return {**plain, "approved": self.approved, "message": self.message}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The verdict of `to_dict`. Raises NoVerdictError."""
        return cls.of_answer({MARK: {name: value for name, value in plain.items() if name not in _SAID}})

    @classmethod
    def of_answer(cls, value: object) -> Self:
        """The verdict in a resume value. Raises NoVerdictError."""
        if not isinstance(value, dict) or MARK not in value:
            raise NoVerdictError(value, f"it lacks the key {MARK!r}")
        try:
            answer = answer_of(value)
        except msgspec.ValidationError as error:
            raise NoVerdictError(value, str(error)) from error
        steps = tuple(map(Step.of_value, answer.steps))
        return cls(
            answer.plan_id,
            answer.revision,
            answer.digest,
            answer.state,
            steps,
            answer.note,
            answer.decided_by,
            answer.use_by,
        )

    def _answer(self) -> GateAnswer:
        return GateAnswer(
            plan_id=self.plan_id,
            revision=self.revision,
            digest=self.digest,
            state=self.state,
            steps=tuple(step.to_value() for step in self.steps),
            note=self.note,
            decided_by=self.decided_by,
            use_by=self.use_by,
        )
