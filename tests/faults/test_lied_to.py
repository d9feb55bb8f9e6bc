"""The laboratory with liars and poison, small: a mock cluster, SQLite, a worker, two services."""

from pathlib import Path

import pytest

from plangate.torture.lab import Orders, torture
from plangate.torture.liars.lie import KINDS
from plangate.torture.stack import own
from tests.faults.test_torture import NOTHING_WRONG, cases

DOSES = 12  # of poison; the mock cluster keeps no transactions
LIES = 60  # the seed has no plan whose approval goes stale at once: `plangate torture` has


@pytest.mark.long
def test_no_lie_of_any_kind_is_believed(tmp_path: Path) -> None:
    assert len(KINDS) <= LIES
    orders = Orders(
        runs=24, kills=0, seed=2, workers=1, liars=LIES, poison=DOSES, service_plans=8, patience_s=45.0
    )
    with own(tmp_path, "mock", None, orders.lease_s, poisoned=True) as stack:
        found = torture(stack, tmp_path, orders, lambda *_: None)
    assert found.counts["lies"] == LIES
    assert found.counts["poison_buried"] == DOSES
    wrong = {name: found.counts[name] for name in (*NOTHING_WRONG, "lies_believed", "poison_lost")}
    assert wrong == {**NOTHING_WRONG, "lies_believed": 0, "poison_lost": 0}, cases(found.findings)
    assert found.counts["lies_refused"] >= LIES / 3
