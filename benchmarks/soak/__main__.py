"""`python -m benchmarks.soak [--minutes 30] [--picture FILE]`: steady work, a kill a minute.

On Apache Kafka and PostgreSQL: runs are submitted and approved at a steady rate, served by two workers with
a resumer each; once a minute one of their processes, drawn by the seed, gets SIGKILL. The last line compares
the medians of the second and the last tenth of the time.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress

from benchmarks.soak.samples import Lag, Sample, look, processes
from benchmarks.speed.graph import graph
from benchmarks.speed.paused import NAME
from benchmarks.speed.stage import Stage, machine, stage, until
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DecisionKind
from plangate.dev.stack import workers
from plangate.wiring import open_producer
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer
from producers.submitter import open_submitter

SEED = 1
KILL_EVERY_S = 60.0
LOOK_EVERY_S = 5.0
_PENDING = "SELECT json_agg(request) FROM (SELECT request FROM gates WHERE state = 'PENDING' LIMIT 200) AS g"
_ENDED = "SELECT count(*) FROM runs WHERE status IN ('DONE', 'IN_DOUBT')"


@dataclass
class Soak:
    """What goes on, and what was seen."""

    scene: Stage
    rate: float
    seconds: float
    submitted: int = 0
    kills: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    decided: set[Any] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)

    @property
    def at_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.at_s >= self.seconds


def main() -> None:
    """Run, draw and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=5, help="runs a second")
    parser.add_argument("--picture", type=Path, help="an SVG file to draw")
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="plangate-soak-", dir="/var/tmp") as folder,
        machine(Path(folder)) as services,
        stage(services, "soak") as scene,
        workers(scene.stack, services.folder, 2),
        Progress(console=Console(stderr=True)) as progress,
    ):
        soak = Soak(scene, wanted.rate, wanted.minutes * 60)
        bar = progress.add_task("soaking", total=soak.seconds)
        asyncio.run(_soak(soak, lambda: progress.update(bar, completed=soak.at_s)))
        with suppress(RuntimeError):
            until("the last runs", lambda: scene.ask(_ENDED) == soak.submitted)
        figures = _figures(soak)
    if wanted.picture:
        from benchmarks.soak.picture import draw  # noqa: PLC0415 - matplotlib only where a picture is wanted

        draw(soak.samples, soak.kills, wanted.picture)
    print(msgspec.json.encode(figures).decode())


async def _soak(soak: Soak, tick: Callable[[], None]) -> None:
    with open_producer(soak.scene.stack.settings, "soak") as producer:
        await asyncio.gather(_submit(soak), _decide(soak, producer), _kill(soak), _watch(soak, tick))


async def _submit(soak: Soak) -> None:
    compiled = graph.compile()
    async with open_submitter(soak.scene.url) as submitter:
        while not soak.over:
            due = soak.submitted / soak.rate - soak.at_s
            await asyncio.sleep(max(due, 0))
            thread = f"soak-{soak.submitted:06}"
            await submitter.submit(compiled, {"task": thread}, name=NAME, thread_id=thread)
            soak.submitted += 1


async def _decide(soak: Soak, producer: KafkaProducer) -> None:
    while not soak.over or (soak.scene.ask(_ENDED) < soak.submitted and soak.at_s < soak.seconds + 60):
        waiting = await asyncio.to_thread(soak.scene.ask, _PENDING)
        for request in msgspec.convert(waiting or [], list[ApprovalRequested]):
            if request.request_id not in soak.decided and request.kind.value == "PLAN":
                await producer.asend(_approval(request))
                soak.decided.add(request.request_id)
        await asyncio.sleep(0.5)


def _approval(request: ApprovalRequested) -> DecisionMade:
    class Unsent:
        def send(self, record: Any) -> None:
            """`decide` builds and checks; asend delivers."""

    return decide(Unsent(), request, DecisionKind.APPROVE, by="ana")


async def _kill(soak: Soak) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable, no secret
    while not soak.over:
        await asyncio.sleep(min(KILL_EVERY_S, max(soak.seconds - soak.at_s, 0)))
        living = processes([child.pid for child in soak.scene.stack.workers])
        if soak.over or not living:
            continue
        os.kill(chance.choice(living).pid, signal.SIGKILL)
        soak.kills.append(soak.at_s)


async def _watch(soak: Soak, tick: Callable[[], None]) -> None:
    lag = Lag(soak.scene)
    supervisors = [child.pid for child in soak.scene.stack.workers]
    while not soak.over:
        with suppress(FileNotFoundError):  # a process ended while it was looked at
            soak.samples.append(await asyncio.to_thread(look, soak.scene, supervisors, lag, soak.at_s))
        tick()
        await asyncio.sleep(LOOK_EVERY_S)
    lag.close()


def _figures(soak: Soak) -> dict[str, Any]:
    tenth = max(len(soak.samples) // 10, 1)
    early, late = soak.samples[tenth : 2 * tenth], soak.samples[-tenth:]
    flat = ("apps_mb", "resumer_mb", "apps_handles", "resumer_handles", "connections", "outbox_rows", "lag")
    pairs = {name: [_median(early, name), _median(late, name)] for name in flat}
    per_run = [
        round(statistics.median(s.kept_bytes / max(s.runs, 1) for s in some)) for some in (early, late)
    ]
    ask = soak.scene.ask
    return {
        "minutes": round(soak.seconds / 60, 1),
        "runs": soak.submitted,
        "done": ask("SELECT count(*) FROM runs WHERE status = 'DONE'"),
        "in_doubt": ask("SELECT count(*) FROM runs WHERE status = 'IN_DOUBT'"),
        "unfinished": soak.submitted - ask(_ENDED),
        "kills": len(soak.kills),
        **pairs,
        "bytes_per_run": per_run,
        "until": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _median(samples: Sequence[Sample], name: str) -> float:
    return float(statistics.median(getattr(sample, name) for sample in samples))


if __name__ == "__main__":
    main()
