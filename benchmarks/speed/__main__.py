"""Measure all side by side: `python -m benchmarks.speed [--quick] [--rounds N]`; the last line is JSON.

Rounds are interleaved: each measures every competitor once, so that a noisy minute meets all alike. The
figures are medians over the rounds; the ratios are medians of each round's own ratio.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.speed import latency, memory, resuming, routing
from benchmarks.speed.paused import PausedRun, make_paused
from benchmarks.speed.stage import Machine, Stage, machine, stage

console = Console(stderr=True)


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    rounds: int
    resumes: int
    routed: int
    decided: int
    paused: int


FULL = Size(rounds=3, resumes=3_000, routed=30_000, decided=440, paused=10_000)
QUICK = Size(rounds=1, resumes=1_000, routed=8_000, decided=140, paused=2_000)

Figures = dict[str, list[float]]
Step = Callable[[str], None]


def main() -> None:
    """Run all and print the figures."""
    arguments = _arguments()
    size = QUICK if arguments.quick else FULL
    rounds = arguments.rounds or size.rounds
    with (
        tempfile.TemporaryDirectory(
            prefix="plangate-speed-", dir="/var/tmp", ignore_cleanup_errors=True
        ) as folder,
        Progress(console=console, transient=True) as progress,
    ):
        bar = progress.add_task("", total=rounds * 9 + 2)

        def step(what: str) -> None:
            progress.update(bar, advance=1, description=what)

        with machine(Path(folder)) as servers:
            runs = _make_runs(max(size.paused, 3 * size.resumes + size.decided) + 200, progress)
            figures: Figures = defaultdict(list)
            for number in range(1, rounds + 1):
                _round(servers, number, size, runs, figures, step)
                console.print(
                    f"round {number}:", {name: round(values[-1], 1) for name, values in figures.items()}
                )
            spent = _memory(servers, size, runs, step)
    _report(figures, spent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a short version: one round, fewer of everything"
    )
    parser.add_argument("--rounds", type=int, help="how many interleaved rounds")
    return parser.parse_args()


def _make_runs(count: int, progress: Progress) -> list[PausedRun]:
    bar = progress.add_task("paused runs", total=count)
    runs = asyncio.run(make_paused(count, lambda: progress.advance(bar)))
    progress.remove_task(bar)
    return runs


def _round(
    servers: Machine, number: int, size: Size, runs: list[PausedRun], figures: Figures, step: Step
) -> None:
    with stage(servers, f"route{number}") as routes:
        step("router")
        for name, rate in routing.measure(routes, size.routed).items():
            figures[name].append(rate)
    with stage(servers, f"resume{number}") as place:
        _resumes(place, size, runs, figures, step)


def _resumes(place: Stage, size: Size, runs: list[PausedRun], figures: Figures, step: Step) -> None:
    n = size.resumes
    one, two, burst, paced = (
        runs[:n],
        runs[n : 2 * n],
        runs[2 * n : 3 * n],
        runs[3 * n : 3 * n + size.decided],
    )
    step("runs to their gates")
    with place.workers("--only", "router,gatekeeper"):
        resuming.pause(place, [*one, *two, *burst, *paced])
        resuming.approve(place, [*one, *two])
    step("in memory")
    figures["memory"].append(resuming.in_memory(place.machine.folder, one))
    step("one resumer")
    figures["engine_1"].append(resuming.engine(place, one, 1))
    step("AsyncPostgresSaver")
    figures["stock"].append(resuming.stock(place, one))
    step("two resumers")
    figures["engine_2"].append(resuming.engine(place, two, 2))
    with place.workers("--only", "router,gatekeeper"), place.workers("--only", "resumer"):
        resuming.quiet(place, len(one) + len(two))
        step("latency")
        taken = latency.measure(place, paced)
        figures["p50"].append(latency.percentile(taken, 0.50))
        figures["p99"].append(latency.percentile(taken, 0.99))
        step("the whole way")
        with place.workers("--only", "resumer"):
            resuming.connected(place, 2)
            figures["whole"].append(resuming.whole_way(place, burst))
    step("done")


def _memory(servers: Machine, size: Size, runs: list[PausedRun], step: Step) -> memory.Memory:
    step(f"memory with {size.paused} paused runs")
    with stage(servers, "paused") as place:
        return memory.measure(place, runs[: size.paused], runs[size.paused :][:200])


def _report(figures: Figures, spent: memory.Memory) -> None:
    _table(figures, spent)
    rounded = {
        "router_per_s": round(statistics.median(figures["router"])),
        "router_vs_bare": _ratio(figures, "router", "bare"),
        "router_vs_empty_faust": _ratio(figures, "router", "empty_faust"),
        "engine_per_s_1": round(statistics.median(figures["engine_1"])),
        "engine_per_s_2": round(statistics.median(figures["engine_2"])),
        "engine_vs_stock_1": _ratio(figures, "engine_1", "stock"),
        "engine_vs_stock_2": _ratio(figures, "engine_2", "stock"),
        "end_to_end_per_s": round(statistics.median(figures["whole"])),
        "end_to_end_vs_stock": _ratio(figures, "whole", "stock"),
        "latency_p50_ms": round(statistics.median(figures["p50"]), 2),
        "latency_p99_ms": round(statistics.median(figures["p99"]), 2),
        "bytes_per_paused_run": round(spent.bytes_per_run),
        "rss_mb": spent.paused,
    }
    print(json.dumps(rounded))


def _ratio(figures: Figures, ours: str, theirs: str) -> float:
    pairs = zip(figures[ours], figures[theirs], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 2)


def _table(figures: Figures, spent: memory.Memory) -> None:
    table = Table("", "median", "each round")
    for name, values in figures.items():
        table.add_row(name, f"{statistics.median(values):.1f}", " ".join(f"{value:.1f}" for value in values))
    for moment in ("before", "paused", "after"):
        table.add_row(f"memory {moment}, MB", "", str(getattr(spent, moment)))
    console.print(table)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
