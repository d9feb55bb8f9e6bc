"""Compensation: in reverse, only for what ran, or an error that names the step."""

from typing import Any

import pytest

from gate_events.records import StepResult
from gate_events.values import Step
from gate_events.words import StepStatus
from gate_policy.catalogue import load_catalogue
from gate_policy.errors import NotUndoableError
from gate_policy.undo import undo_steps
from tests.policy.plans import HEAD, NOW, mail, office, step

TAGS = [step("a", "tag", who="eva", tag="late"), step("b", "tag", who="ben", tag="paid")]


def result(name: str, status: StepStatus = StepStatus.SUCCEEDED, value: Any = None) -> StepResult:
    return StepResult(step_id=name, status=status, result=value, finished_at=NOW)


def test_steps_are_undone_last_first() -> None:
    undone = undo_steps(TAGS, [result("a"), result("b")], office())
    assert undone == (
        step("undo-b", "untag", who="ben", tag="paid"),
        step("undo-a", "untag", who="eva", tag="late"),
    )


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.SKIPPED])
def test_what_did_not_run_is_not_undone(status: StepStatus) -> None:
    assert undo_steps(TAGS, [result("a", status), result("b")], office())[0].step_id == "undo-b"
    assert len(undo_steps(TAGS, [result("a", status), result("b")], office())) == 1
    assert undo_steps(TAGS, [], office()) == ()


def test_a_read_leaves_nothing_to_undo() -> None:
    assert undo_steps([step("r", "read", file="x")], [result("r")], office()) == ()


@pytest.mark.parametrize(
    ("one", "status", "said"),
    [
        (
            mail("m", "eva"),
            StepStatus.SUCCEEDED,
            r"^step m \(mail\) cannot be undone: the catalogue gives it no",
        ),
        (
            step("x", "launch"),
            StepStatus.SUCCEEDED,
            r"^step x \(launch\) cannot be undone: its action is not in",
        ),
        (
            step("t", "tag", who="eva"),
            StepStatus.SUCCEEDED,
            r"^step t \(tag\) cannot be undone: its undo lacks",
        ),
        (TAGS[0], StepStatus.IN_DOUBT, r"^step a \(tag\) cannot be undone: its effect is in doubt; resolve"),
    ],
)
def test_a_step_that_cannot_be_undone_is_named(one: Step, status: StepStatus, said: str) -> None:
    with pytest.raises(NotUndoableError, match=said) as caught:
        undo_steps([*TAGS, one], [result("b"), result(one.step_id, status)], office())
    assert caught.value.step_id == one.step_id


def undo(arguments: str) -> Any:
    catalogue = load_catalogue(
        f"{HEAD}  a: {{tier: PARTIALLY_REVERSIBLE, undo: {{action: a, arguments: {arguments}}}}}\n"
    )
    given = step("s", "a", amount=12.5, who={"name": "eva"}, items=["x"])
    (undone,) = undo_steps([given], [result("s", value={"id": 7, "old": {"city": None}})], catalogue)
    return undone.arguments


def test_arguments_keep_their_types_and_see_step_and_result() -> None:
    assert undo('{x: "{{ amount }}", y: "{{ who }}", z: "{{ items }}"}') == {
        "x": 12.5,
        "y": {"name": "eva"},
        "z": ["x"],
    }
    assert undo('{x: "{{ -amount }}", y: "{{- amount -}}"}') == {"x": -12.5, "y": 12.5}
    assert undo('{x: "{{ result.id }}", y: "{{ result.old.city }}"}') == {"x": 7, "y": None}
    assert undo('{x: "to {{ who.name }}", y: [1, {z: "{{ args.amount }}"}], k: plain}') == {
        "x": "to eva",
        "y": [1, {"z": 12.5}],
        "k": "plain",
    }


def test_the_id_of_an_undo_fits_however_long_the_steps() -> None:
    long = step("s" * 256, "tag", who="eva", tag="x")
    (undone,) = undo_steps([long], [result(long.step_id)], office())
    assert len(undone.step_id) <= 256
