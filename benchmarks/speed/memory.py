"""What 10,000 paused runs cost: bytes in the store, memory of each process."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.speed.paused import PausedRun
from benchmarks.speed.resuming import pause, quiet, whole_way
from benchmarks.speed.stage import Stage, memory_mb

# Everything of the store's own, with indexes and TOAST, and not PostgreSQL's catalogue.
_SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'
"""


@dataclass(frozen=True)
class Memory:
    """Bytes a paused run; megabytes of each process before the runs, with them paused, after them all."""

    bytes_per_run: float
    before: dict[str, float]
    paused: dict[str, float]
    after: dict[str, float]


def measure(stage: Stage, runs: Sequence[PausedRun], warm: Sequence[PausedRun]) -> Memory:
    """Pause `runs`, look, then resume them all and look again. `warm` go through before all that."""
    with stage.workers() as (worker,):
        pause(stage, warm)
        whole_way(stage, warm)
        stage.settle()
        quiet(stage, len(warm))
        before, empty = memory_mb(worker), stage.ask(_SIZE)
        pause(stage, runs)
        quiet(stage, len(warm))
        paused, full = memory_mb(worker), stage.ask(_SIZE)
        whole_way(stage, runs)
        return Memory((full - empty) / len(runs), before, paused, memory_mb(worker))
