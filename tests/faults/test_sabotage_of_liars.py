"""Without any one of its defences against liars the laboratory finds what they did: `pytest -m slow`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.sabotaged import lied_to_without, poisoned_without
from tests.services import own_folder

# What is removed, and the lies that it is there against.
AGAINST = {
    "question of the run": ("run_in_a_harmless_plan", "next_revision", "later_checkpoint"),
    "owner": ("next_revision", "same_revision_with_other_content", "last_revision"),
    "gate before a clearance": ("cleared_behind_its_gate",),
    "question of ours + judgement": ("invented_doubt", "asked_once_more", "asked_afterwards_before"),
    "judgement": ("cleared_as_it_is", "asked_in_own_sentences", "asked_of_own_people"),
    "clock": ("expired_early", "superseded_by_nothing"),
    "id of the clock + own row": ("id_of_the_clock_taken",),
    "names": ("proposer_spelled_anew",),
    "own content": ("cleared_under_its_digest", "asked_under_its_digest"),
    "proposer": ("cleared_for_another_agent", "asked_for_another_agent"),
    "router's look": ("next_revision", "plan_id_sent_first"),
    "right": ("withdrawn_by_another",),
    "digest of a decision": ("approved_under_another_digest",),
    "moment of an outcome": ("done_before_anybody_decided",),
    "attempt of an outcome": ("asked_of_own_people", "done_before_anybody_decided"),
    "store of a run": ("run_not_run", "run_done_without_naming_it", "cleared_run_done_without_naming_it"),
    "store's ledger": ("cleared_as_it_is", "cleared_with_own_steps"),
    "own id": ("asked_under_anothers_id",),
    "proof of the digest + store's ledger": ("cleared_under_its_digest",),
}

# Other plans than those of the first seed: which anybody may decide, or which nobody decides in time.
SEEDS = {"names": 11, "digest of a decision": 11, "id of the clock + own row": 3126}


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


@pytest.mark.slow
@pytest.mark.parametrize("guard", AGAINST)
def test_the_laboratory_finds_lies_that_are_believed_where_a_defence_is_missing(
    guard: str, folder: Path
) -> None:
    found = lied_to_without(guard, folder, AGAINST[guard], seed=SEEDS.get(guard, 1))
    assert found.counts["lies"] >= 9, found.counts  # the laboratory worked
    assert found.findings["lies_believed"], found.counts


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.parametrize(
    ("guard", "count"), [("committed records", "lies_believed"), ("dead letters", "poison_lost")]
)
def test_nor_does_it_overlook_poison_that_was_read_or_passed_over(
    guard: str, count: str, folder: Path
) -> None:
    found = poisoned_without(guard, folder, doses=22)
    assert found.findings[count], found.counts
