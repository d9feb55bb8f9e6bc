"""What the machine with lies holds of honest plans that a lie told first, and that it can fail."""

import msgspec
import pytest

from gate_policy.route import route
from gate_store import plan_claims
from gate_store.judged_words import CLEARED_IN_OTHER_WORDS, CLEARED_OTHERWISE
from tests.model.liar_laws import CATALOGUE
from tests.model.liar_machine import LiarMachine
from tests.model.universe import Sent, step
from tests.model.world import World

HARMLESS = (step("s1", "a", "note"), step("s2", "b", "look"))


@pytest.fixture
def machine(world: World) -> LiarMachine:
    played: LiarMachine = type("Machine", (LiarMachine,), {"world": world})()
    played.a_service_proposes(0, HARMLESS, "proposed")
    return played


def lie_in_other_words(machine: LiarMachine) -> None:
    """The plan that an honest router is about to clear is cleared with a liar's goal."""
    [plan] = machine.unrouted
    lie = route(msgspec.structs.replace(plan, goal="agreed by phone"), CATALOGUE, now=machine.world.now)
    machine._send(lie, machine.lies)
    machine._take(machine.pending)


def route_honestly(machine: LiarMachine) -> Sent:
    machine.the_router_routes()
    machine._take(machine.pending)
    return machine.true[-1]


def test_a_plan_that_a_lie_cleared_in_other_words_keeps_its_place(machine: LiarMachine) -> None:
    """Its first words stay, and the true ones are told so: nothing is left to ask."""
    lie_in_other_words(machine)
    honest = route_honestly(machine)
    assert machine.refused[id(honest)] == CLEARED_IN_OTHER_WORDS
    assert not machine.now_there.gates
    machine.every_law_holds()
    machine.teardown()


@pytest.fixture
def collecting(world: World) -> LiarMachine:
    """The catalogue asks about its goal, and its router has not heard of that rule."""
    played: LiarMachine = type("Machine", (LiarMachine,), {"world": world})()
    played.a_service_proposes(0, HARMLESS, "proposed", "collect")
    lie_in_other_words(played)
    return played


def test_what_a_lie_cleared_waits_once_the_honest_words_ask_for_a_human(collecting: LiarMachine) -> None:
    collecting.every_law_holds()
    assert not collecting.waiting
    collecting.the_router_routes(late=True)
    collecting._take(collecting.pending)
    assert len(collecting.waiting) == 1
    collecting.every_law_holds()
    collecting.teardown()


def test_what_runs_in_a_liars_words_though_the_honest_ones_came_is_found(
    collecting: LiarMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_claims, "cleared_otherwise", lambda *_: {})
    collecting.the_router_routes(late=True)
    collecting._take(collecting.pending)
    with pytest.raises(AssertionError, match="the honest ones ask for a human"):
        collecting.every_law_holds()


@pytest.mark.parametrize(
    ("why", "fault"),
    [
        (CLEARED_IN_OTHER_WORDS, "cleared before, and it may not run"),
        (f"asked anew as a gate: {CLEARED_OTHERWISE}", "asked instead, and there is no question"),
    ],
)
def test_an_honest_clearance_that_is_given_up_for_no_place_is_found(
    machine: LiarMachine, why: str, fault: str
) -> None:
    lie_in_other_words(machine)
    machine.now_there.cleared.clear()
    machine.the_router_routes()
    machine.refused[id(machine.true[-1])] = why
    with pytest.raises(AssertionError, match=fault):
        machine.nothing_honest_is_given_up()


def test_an_honest_clearance_is_not_refused_for_words_that_nobody_told(machine: LiarMachine) -> None:
    honest = route_honestly(machine)
    machine.refused[id(honest)] = CLEARED_IN_OTHER_WORDS
    with pytest.raises(AssertionError, match="nobody told it in other words"):
        machine.nothing_honest_is_given_up()
