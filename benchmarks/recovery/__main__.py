"""`python -m benchmarks.recovery`: SIGKILL of broker, database and workers; then all are started again.

10,000 runs are paused and 500 approved, some of them under way. Times are from the restart of the services to
the first and the last run that ends. What was under way at the kill is in doubt, and a human's to answer.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from rich.console import Console
from rich.progress import Progress

from benchmarks.speed.paused import PausedRun, make_paused
from benchmarks.speed.resuming import approve, pause, quiet
from benchmarks.speed.stage import Machine, Stage, machine, stage, until
from plangate.dev.stack import workers

GRAPHS = Path(__file__).with_name("langgraph.json")
RESUMERS = ("--resumers", "2")
_MOVED = "SELECT count(*) FROM runs WHERE status IN ('DONE', 'IN_DOUBT', 'FAILED')"
_LEFT = "SELECT count(*) FROM runs WHERE status IN ('READY', 'RUNNING')"
_RELEASE = "UPDATE runs SET not_before = now() WHERE status = 'READY'"


def main() -> None:
    """Run and print the figures as the last line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--paused", type=int, default=10_000)
    parser.add_argument("--approved", type=int, default=500)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="plangate-recovery-", dir="/var/tmp") as folder,
        machine(Path(folder)) as services,
        Progress(console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task("runs until their gate", total=wanted.paused + wanted.approved)
        runs = asyncio.run(make_paused(wanted.paused + wanted.approved, lambda: progress.advance(bar)))
        with stage(services, "recovery", graphs=GRAPHS) as scene:
            progress.add_task("killing everything, starting it again", total=None)
            figures = _recover(scene, services, runs, wanted.approved)
    print(msgspec.json.encode({"paused": wanted.paused, "approved": wanted.approved, **figures}).decode())


def _recover(
    scene: Stage, services: Machine, runs: Sequence[PausedRun], approved: int
) -> dict[str, float | int]:
    with scene.workers("--only", "router,gatekeeper"):
        pause(scene, runs)
        approve(scene, runs[:approved])
        quiet(scene, 0)
    scene.do(_RELEASE)
    with _workers(scene, services, "before") as kill:
        until("runs under way", lambda: scene.ask(_MOVED) >= approved // 10)
        kill()
        services.kafka.kill()
        services.postgres.kill()
    started = time.monotonic()
    services.postgres.start()
    services.kafka.start()
    back = time.monotonic() - started
    with psycopg.connect(scene.url, autocommit=True) as store:
        again = Stage(services, scene.name, scene.stack, store)
        moved: int = again.ask(_MOVED)
        with _workers(again, services, "after"):
            until("the first resume", lambda: again.ask(_MOVED) > moved, every_s=0.02)
            first = time.monotonic() - started
            until("the last resume", lambda: again.ask(_LEFT) == 0)
            last = time.monotonic() - started
        return {
            "ended_before": moved,
            "services_back_s": round(back, 1),
            "first_resume_s": round(first, 1),
            "last_resume_s": round(last, 1),
            "in_doubt": again.ask("SELECT count(*) FROM runs WHERE status = 'IN_DOUBT'"),
            "failed": again.ask("SELECT count(*) FROM runs WHERE status = 'FAILED'"),
            "still_paused": again.ask("SELECT count(*) FROM runs WHERE status = 'PAUSED'"),
        }


@contextmanager
def _workers(scene: Stage, services: Machine, name: str) -> Iterator[Callable[[], None]]:
    """Workers, and what ends them all as a power cut does."""
    folder = services.folder / name
    folder.mkdir()

    def kill() -> None:
        for child in scene.stack.workers:
            child.kill()

    with workers(scene.stack, folder, 1, RESUMERS):
        yield kill


if __name__ == "__main__":
    main()
