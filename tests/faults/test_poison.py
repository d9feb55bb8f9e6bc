"""`python -m benchmarks.poison`, small: all that was sent is served, dead or aborted, and nobody restarts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.poison.__main__ import measure
from benchmarks.poison.kinds import Amounts
from tests.services import own_folder, required

SMALL = Amounts(good=20, malformed=20, heavy=1, transactions=4, letters=20, deep=2, schemas=1)


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_poison_of_every_kind_is_buried_and_what_is_good_is_served(folder: Path) -> None:
    with required():
        found = measure(folder, SMALL)
    assert found["missing"] == {}
    assert (found["repeated"], found["restarts"], found["tracebacks"]) == (0, 0, 0)
    assert found["adds_up"]
