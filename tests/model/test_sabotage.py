"""Without one of its defences a machine finds what lies, or unlike gatekeepers, do: `pytest -m slow`."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults import sabotage_apps
from tests.model.clocks_machine import ClocksMachine
from tests.model.liar_machine import LiarMachine
from tests.model.profiles import BASE
from tests.model.world import World

# What is removed, and the lies that it is there against. The machines' routers look at their catalogue alone.
AGAINST: dict[str, tuple[str, ...]] = {
    "attempt of an outcome": ("cleared_as_it_is", "asked_in_other_words", "ended_before_it_may_run"),
    "clock": ("expired_before_its_time", "superseded_by_nothing"),
    "digest of a decision": ("decided_as_what_is_not_asked",),
    "gate before a clearance": ("cleared_as_it_is",),
    "id of the clock": ("the_clocks_id_is_taken",),
    "judgement": ("cleared_as_it_is", "asked_in_other_words"),
    "moment of an outcome": ("ended_before_it_may_run",),
    "names": ("its_proposer_or_agent_decides",),
    "other words of a clearance": ("told_with_another_goal",),
    "own content": ("other_steps_under_its_digest",),
    "own id": ("its_gate_under_another_plan",),
    "own row": ("a_reviewers_id_is_taken", "the_gates_id_is_taken"),
    "owner": ("a_next_revision", "other_content_of_its_revision", "the_last_revision"),
    "proposer": ("for_another_agent",),
    "question of ours": ("asked_once_more", "asked_afterwards", "a_doubt_that_nobody_has"),
    "question of the run": ("a_plan_that_names_its_run", "a_next_revision", "a_later_pause_of_its_run"),
    "right": ("nobodys_reviewer_decides", "withdrawn_by_another"),
    "store of a run": ("ended_though_its_run_goes_on",),
}
ENOUGH = settings(
    BASE,
    max_examples=600,
    stateful_step_count=30,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    opened = World(sqlite_url)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("defence", AGAINST)
def test_without_a_defence_the_machine_finds_what_lies_do(
    defence: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    finds(type("Machine", (LiarMachine,), {"world": world, "kinds": AGAINST[defence]}), defence, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("defence", ["clock", "judgement"])
def test_without_a_defence_the_machine_of_two_gatekeepers_finds_what_their_difference_does(
    defence: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    finds(type("Machine", (ClocksMachine,), {"world": world}), defence, monkeypatch)


def finds(machine: type[Any], defence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sabotage_apps, "put", monkeypatch.setattr)
    sabotage_apps.SABOTAGES[defence]()
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=ENOUGH)
