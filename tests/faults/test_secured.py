"""A small laboratory where each part has its own login: kills, lies and poison, on real services."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plangate.torture.lab import Orders, torture
from plangate.torture.liars.poisoner import ANYWHERE, IN_TRANSACTIONS
from plangate.torture.stack import own
from tests.faults.test_torture import NOTHING_WRONG, cases
from tests.services import own_folder, required

DOSES = len({**ANYWHERE, **IN_TRANSACTIONS})


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


# The seed kills resumers, apps and services, at their points and at any moment, a supervisor and a tree.
ORDERS = Orders(runs=40, kills=8, pauses=1, seed=1, liars=20, poison=DOSES, service_plans=4)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.long
def test_with_its_own_rights_alone_every_part_stands_kills_lies_and_poison(folder: Path) -> None:
    opened = own(folder, "apache", "postgresql", ORDERS.lease_s, secured=True, poisoned=True)
    with required(), opened as stack:
        found = torture(stack, folder, ORDERS, lambda *_: None)
        denied = [
            line for line in (folder / "kafka/kafka.log").read_text().splitlines() if "is Denied" in line
        ]
    wrong = {name: found.counts[name] for name in (*NOTHING_WRONG, "lies_believed", "poison_lost")}
    assert wrong == {**NOTHING_WRONG, "lies_believed": 0, "poison_lost": 0}, cases(found.findings)
    assert (found.counts["lies"], found.counts["poison"]) == (ORDERS.liars, DOSES)
    assert found.counts["plans"] >= ORDERS.runs * 0.9  # some graphs ask three times, a failed one no more
    assert found.counts["kills"] == ORDERS.kills
    assert found.counts["poison_buried"] >= DOSES / 3  # the others were aborted, or it would be lost
    assert denied == []
