"""The gate holds its laws whatever happens in whatever order: a model beside the real store.

`HYPOTHESIS_PROFILE=long` runs it deeply, `short` only shows that it runs.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.service_machine import ServiceMachine
from tests.model.world import World

_base = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
PROFILES = {
    "short": settings(_base, max_examples=6, stateful_step_count=20),
    "default": settings(_base, max_examples=20, stateful_step_count=25),
    "long": settings(_base, max_examples=3_000, stateful_step_count=60),
}


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    opened = World(store_url)
    yield opened
    opened.close()


def test_the_gate_keeps_its_laws(world: World) -> None:
    machine = type("Machine", (ServiceMachine,), {"world": world})
    run_state_machine_as_test(machine, settings=PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")])
