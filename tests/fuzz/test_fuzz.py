"""Whatever arrives, every record ends as exactly one of routed, recorded or dead-lettered."""

from pathlib import Path

from tests.fuzz.harness import fuzz


def test_no_record_crashes_an_app_and_none_is_dropped(tmp_path: Path) -> None:
    done = fuzz(tmp_path, 3_000, seed=1)
    assert done.faults == []
    sums = done.sums
    assert (sums.records, sums.crashes, sums.dropped) == (3_000, 0, 0)
    assert sums.routed + sums.recorded + sums.dead_lettered == sums.records
    assert done.writer.given_up > 0  # what waited in vain, by the clock
    assert min(sums.routed, sums.recorded, sums.dead_lettered, done.writer.relayed) > 100
