"""Without any one of its defences against liars the laboratory finds what they did: `pytest -m slow`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.sabotaged import lied_to_without
from tests.services import own_folder

# What is removed, and the lies that it is there against.
AGAINST = {
    "question of the run": ("run_in_a_harmless_plan", "next_revision", "later_checkpoint"),
    "owner": ("next_revision", "same_revision_with_other_content", "last_revision"),
    "gate before a clearance": ("cleared_behind_its_gate",),
    "question of ours": ("invented_doubt", "asked_once_more", "asked_afterwards_before"),
    "judgement": ("cleared_as_it_is", "asked_in_own_sentences", "asked_of_own_people"),
    "clock": ("expired_early", "superseded_by_nothing"),
    "id of the clock": ("id_of_the_clock_taken",),
    "names": ("proposer_spelled_anew",),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.mark.slow
@pytest.mark.parametrize("guard", AGAINST)
def test_the_laboratory_finds_lies_that_are_believed_where_a_defence_is_missing(
    guard: str, folder: Path
) -> None:
    found = lied_to_without(guard, folder, AGAINST[guard])
    assert found.findings["lies_believed"], found.counts
