"""Without any one of its guards the laboratory fails: `pytest -m slow tests/faults`, some minutes each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.sabotaged import run_without
from tests.services import own_folder, required

# What is sure to be found, and where it shows.
EXPECTED = {
    "fence": {"contradictions", "unfinished", "lost_plans", "in_doubt_unexplained"},
    "lease": {"in_doubt_unexplained"},
    "ledger": {"blind_repeats"},
    "digest": {"unapproved"},
    "outbox": {"lost_plans"},
}


# The ledger stands in for the fence nearly always: only many zombies show that it is gone.
SIZES = {"fence": (1000, 10, 60), "lease": (500, 20, 4)}


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("guard", EXPECTED)
def test_the_laboratory_finds_the_guard_that_is_missing(guard: str, folder: Path) -> None:
    with required():
        found = run_without(guard, folder, SIZES.get(guard, (200, 20, 4)))
    assert EXPECTED[guard] & {name for name, cases in found.findings.items() if cases}, found.counts
