"""What every outage must be like: runs in hand wait and do nothing twice, and all of it is said once."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from gate_store.database import open_store
from gate_store.migrate import upgrade
from tests.resumer.stage import Stage

PROJECT = Path(__file__).parent / "project"
GRAPHS = PROJECT / "langgraph.json"
RUNS = 3
BUSY = 0.5  # of one core: more is no waiting

Happened = Callable[[], list[str]]


async def approved_runs(url: str, looks_at: str | None = None) -> Stage:
    """A store with runs, each of two effects, whose plans are approved."""
    upgrade(url)
    stage = Stage(looks_at or url, open_store(looks_at or url), PROJECT)
    for number in range(RUNS):
        plan = await stage.submit("heavy", f"t{number}", who=[f"a{number}", f"b{number}"])
        stage.decide(plan)
    return stage


async def until(condition: Callable[[], object], timeout_s: float = 40.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)


async def idles(seconds: float) -> None:
    """Wait; this process must not spin meanwhile."""
    before = time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - before
    assert used < BUSY * seconds, f"{used:.2f} s of CPU in {seconds} s of waiting"


async def all_done(stage: Stage) -> None:
    """Every run comes to its end by itself."""
    for number in range(RUNS):
        await stage.wait("DONE", f"t{number}")


def each_effect_once(stage: Stage, happened: Happened) -> None:
    """Outside, and in the ledger: begun once, with its result."""
    who = [f"{letter}{number}" for number in range(RUNS) for letter in "ab"]
    assert Counter(happened()) == Counter(f"{word} {name}" for name in who for word in ("begin", "end"))
    assert [(row.state, row.attempts) for row in stage.effects()] == [("SUCCEEDED", 1)] * len(who)


def _outages(lines: Sequence[str]) -> dict[str, list[str]]:
    """Of each work, in order, that it does not work and that it works again."""
    found: dict[str, list[str]] = {}
    for line in lines:
        for end in (" does not work", " works again"):
            if end in line:
                found.setdefault(line.partition(end)[0], []).append(end)
    return found


def said_once(caplog: pytest.LogCaptureFixture, *words: str) -> None:
    """Each outage and each end of one, in words with the mend and without a traceback."""
    for word in words:
        assert word in caplog.text
    lines = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    for subject, ends in _outages(lines).items():  # what fits on a full disk now and then comes back and goes
        assert all(one != other for one, other in pairwise(ends)), (subject, ends)
    assert len(lines) <= 12, "\n".join(lines)
    assert "Traceback" not in caplog.text
