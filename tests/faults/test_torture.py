"""The laboratory itself: real Kafka, real PostgreSQL, real processes, and kills of every kind."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from plangate.torture.lab import Orders, torture
from plangate.torture.stack import own
from tests.services import own_folder, required

NOTHING_WRONG = {
    "unapproved": 0,
    "blind_repeats": 0,
    "lost_plans": 0,
    "lost_decisions": 0,
    "contradictions": 0,
    "dead_letters": 0,
    "in_doubt_unexplained": 0,
    "unfinished": 0,
}


def cases(findings: Mapping[str, Any]) -> str:
    """What was found, whole: pytest cuts any other message short."""
    return json.dumps({name: found for name, found in findings.items() if found}, indent=1, default=str)


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


ORDERS = Orders(runs=200, kills=20, pauses=1, seed=1)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.slow  # test_secured.py is a small one, where each part has its own login
def test_kills_lose_nothing_repeat_nothing_and_do_nothing_unasked(folder: Path) -> None:
    with required(), own(folder, "apache", "postgresql", ORDERS.lease_s) as stack:
        found = torture(stack, folder, ORDERS, lambda *_: None)
    wrong = {name: found.counts[name] for name in NOTHING_WRONG}
    assert wrong == NOTHING_WRONG, cases(found.findings)
    assert found.counts["plans"] >= ORDERS.runs * 0.9  # some graphs ask three times, a failed one no more
    assert found.counts["kills"] == ORDERS.kills
