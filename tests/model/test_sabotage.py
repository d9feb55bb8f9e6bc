"""Without any one of its defences the machines find what lies and wrong clocks do: `pytest -m slow`."""

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

ELSEWHERE = {"router's look"}  # the machines' routers look at nothing but their catalogue
DEFENCES = sorted(sabotage_apps.SABOTAGES.keys() - ELSEWHERE)
OF_TWO_GATEKEEPERS = ("clock", "gate before a clearance", "judgement")
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
@pytest.mark.parametrize(
    ("machine", "defence"),
    [(LiarMachine, each) for each in DEFENCES] + [(ClocksMachine, each) for each in OF_TWO_GATEKEEPERS],
)
def test_without_a_defence_the_machine_finds_what_follows(
    machine: type[Any], defence: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sabotage_apps, "put", monkeypatch.setattr)
    sabotage_apps.SABOTAGES[defence]()
    played = type("Machine", (machine,), {"world": world})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(played, settings=ENOUGH)
