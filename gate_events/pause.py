"""What a paused run and the gate say to each other: the interrupt's value and the answer that resumes it.

Both are JSON objects: they live in checkpoints, which must be readable without this package.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from gate_events.records import PlanCleared, PlanDecided
from gate_events.values import Agent, Moment, Name, Step, Text
from gate_events.words import GateState

MARK = "plangate"


class GateQuestion(Struct, frozen=True, kw_only=True):
    """The value of the interrupt: the plan, as the agent's node gave it."""

    goal: Text = ""
    steps: tuple[Step, ...]
    agent: Agent
    proposer: Name


class GateAnswer(Struct, frozen=True, kw_only=True):
    """The verdict as the graph gets it. `steps` are what may run: none unless the state is APPROVED."""

    plan_id: UUID
    revision: int
    digest: str
    state: GateState
    steps: tuple[Step, ...] = ()
    note: str = ""
    decided_by: str
    use_by: Moment | None = None


def question_value(question: GateQuestion) -> dict[str, Any]:
    """The interrupt's value."""
    return {MARK: msgspec.to_builtins(question)}


def is_question(value: object) -> bool:
    """Whether an interrupt is a Plangate gate."""
    return isinstance(value, dict) and MARK in value


def question_of(value: dict[str, Any]) -> GateQuestion:
    """The question in an interrupt's value. Raises msgspec.ValidationError naming the field."""
    return msgspec.convert(value[MARK], GateQuestion)


def answer_value(answer: GateAnswer) -> dict[str, Any]:
    """The resume value."""
    return {MARK: msgspec.to_builtins(answer)}


def answer_of(value: dict[str, Any]) -> GateAnswer:
    """The answer in a resume value."""
    return msgspec.convert(value[MARK], GateAnswer)


def answer_to_cleared(cleared: PlanCleared) -> GateAnswer:
    """The answer that a plan cleared without a human gives its run."""
    return GateAnswer(
        plan_id=cleared.plan_id,
        revision=cleared.revision,
        digest=cleared.digest,
        state=GateState.APPROVED,
        steps=cleared.steps,
        decided_by="plangate",
    )


def answer_to_verdict(verdict: PlanDecided) -> GateAnswer:
    """The answer that a verdict gives its run; only an executable verdict carries steps."""
    return GateAnswer(
        plan_id=verdict.plan_id,
        revision=verdict.revision,
        digest=verdict.digest,
        state=verdict.state,
        steps=verdict.steps if verdict.execute else (),
        note=verdict.note,
        decided_by=verdict.decided_by,
        use_by=verdict.use_by,
    )


def expired(use_by: datetime | None, now: datetime) -> bool:
    """Whether an answer is past its use-by."""
    return use_by is not None and now >= use_by
