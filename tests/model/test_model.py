"""The gate holds its laws whatever happens in whatever order: a model beside the real store.

`HYPOTHESIS_PROFILE=long` runs it deeply, `short` only shows that it runs.
"""

from typing import Any

from hypothesis.stateful import run_state_machine_as_test

from tests.model.clocks_machine import ClocksMachine
from tests.model.liar_machine import LiarMachine
from tests.model.profiles import profile
from tests.model.service_machine import ServiceMachine
from tests.model.world import World


def play(machine: type[Any], world: World, examples: int) -> None:
    played = type("Machine", (machine,), {"world": world})
    run_state_machine_as_test(played, settings=profile(examples))


def test_the_gate_keeps_its_laws(world: World) -> None:
    play(ServiceMachine, world, examples=20)


def test_lies_clear_nothing_and_take_no_honest_plans_place(world: World) -> None:
    play(LiarMachine, world, examples=12)


def test_the_stricter_way_stands_whichever_gatekeeper_takes_what_first(world: World) -> None:
    play(ClocksMachine, world, examples=12)
