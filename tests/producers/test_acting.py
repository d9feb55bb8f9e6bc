from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gate_events.values import RunIdentity
from gate_events.words import GateState, PauseKind, RequestKind, Timing
from producers.acting import Task, task_of
from tests.producers.records import NOW, cleared, decided

RUN = RunIdentity(graph="g", graph_version="v", thread_id="t", checkpoint_id="c", kind=PauseKind.DYNAMIC)


@pytest.mark.parametrize("use_by", [None, NOW + timedelta(seconds=1)])
def test_a_cleared_plan_and_an_approved_one_in_time_run(use_by: object) -> None:
    assert task_of(cleared(), None, NOW) is Task.RUN
    assert task_of(decided(use_by=use_by), None, NOW) is Task.RUN  # type: ignore[arg-type]


@pytest.mark.parametrize("late_s", [0, 1])
def test_past_its_use_by_a_plan_is_left_for_the_gate_to_ask_again(late_s: int) -> None:
    verdict = decided(use_by=NOW)
    assert task_of(verdict, None, NOW + timedelta(seconds=late_s)) is Task.NOTHING


@pytest.mark.parametrize(
    ("state", "task"),
    [
        (GateState.REJECTED, Task.SAY_NOT_RUN),
        (GateState.EXPIRED, Task.SAY_NOT_RUN),
        (GateState.WITHDRAWN, Task.SAY_NOT_RUN),
        (GateState.SUPERSEDED, Task.NOTHING),
        (GateState.RESPONDED, Task.NOTHING),
    ],
)
def test_a_plan_that_was_not_approved_is_not_run(state: GateState, task: Task) -> None:
    assert task_of(decided(state), None, NOW) is task


@pytest.mark.parametrize("state", [GateState.APPROVED, GateState.REJECTED])
def test_a_review_after_the_execution_runs_nothing(state: GateState) -> None:
    assert task_of(decided(state, timing=Timing.AFTER), None, NOW) is Task.NOTHING


def test_a_langgraph_run_is_left_to_the_resumer() -> None:
    assert task_of(cleared(run=RUN), None, NOW) is Task.NOTHING
    assert task_of(decided(run=RUN), None, NOW) is Task.NOTHING
    assert task_of(decided(GateState.REJECTED, run=RUN), None, NOW) is Task.NOTHING


def test_a_plan_with_another_services_action_is_left_to_it() -> None:
    assert task_of(cleared(), {"send_email", "write_log"}, NOW) is Task.RUN
    assert task_of(cleared(), {"write_log"}, NOW) is Task.NOTHING
    assert task_of(decided(GateState.REJECTED), {"write_log"}, NOW) is Task.NOTHING


@pytest.mark.parametrize(
    ("state", "task"),
    [
        (GateState.APPROVED, Task.GO_ON),
        (GateState.REJECTED, Task.GO_ON),
        (GateState.EXPIRED, Task.NOTHING),
        (GateState.SUPERSEDED, Task.GO_ON),
    ],
)
def test_an_answer_about_a_step_in_doubt_lets_the_plan_go_on(state: GateState, task: Task) -> None:
    word = decided(state, timing=Timing.AFTER)
    assert task_of(msgspec.structs.replace(word, kind=RequestKind.IN_DOUBT), None, NOW) is task


def test_where_a_ledger_decides_a_late_verdict_is_left_to_it() -> None:
    late = NOW + timedelta(days=30)
    assert task_of(decided(use_by=NOW), None, late, ledger_decides=True) is Task.RUN


@pytest.mark.parametrize(
    "change", [{"state": GateState.UNKNOWN}, {"kind": RequestKind.UNKNOWN}, {"timing": Timing.UNKNOWN}]
)
def test_a_verdict_in_words_of_a_later_version_runs_nothing(change: dict[str, Any]) -> None:
    verdict = msgspec.structs.replace(decided(), **change)
    assert verdict.execute
    assert task_of(verdict, None, NOW) is Task.NOTHING
