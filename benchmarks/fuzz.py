"""Fuzzed records through the real decoders and handlers: `python -m benchmarks.fuzz [--records 100000]`.

Router and gatekeeper in this process, on SQLite, without Kafka. Prints the sums as the last line; the exit
code is 1 where something crashed or was dropped.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress

from tests.fuzz.harness import fuzz


def main() -> int:
    """Run, and print the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="plangate-fuzz-") as folder,
        Progress(console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task("fuzzing", total=asked.records)
        done = fuzz(Path(folder), asked.records, asked.seed, lambda fed: progress.update(bar, completed=fed))
    for fault, times in Counter(f"{type(each).__name__}: {each}"[:300] for each in done.faults).most_common(
        20
    ):
        print(f"{times} times {fault}", file=sys.stderr)
    print(msgspec.json.encode(done.sums).decode())
    return 1 if done.sums.crashes or done.sums.dropped else 0


if __name__ == "__main__":
    sys.exit(main())
