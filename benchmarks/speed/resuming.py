"""Resumes a second: LangGraph alone, the engine with one and two resumers, and the whole way."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.speed.paused import PausedRun, answers_file, store_checkpoints
from benchmarks.speed.records import Watch, messages, send_all
from benchmarks.speed.stage import Stage, rate_of, until
from gate_store import migrate

_LOOPS = "benchmarks.speed.plain_loops"
_CONNECTED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'plangate engine: listen'
"""
# What READY runs there are wait, until this moment comes forward.
_HOLD = "UPDATE runs SET not_before = now() + interval '1 day' WHERE status = 'READY'"
_LET_GO = """
WITH gone AS (
    UPDATE runs SET not_before = now() WHERE status = 'READY' AND thread_id = ANY(%s) RETURNING 1
)
SELECT extract(epoch FROM now())::float8 FROM gone LIMIT 1
"""
_RING = "NOTIFY plangate_ready"
# By the partial indexes: a question that is asked ten times a second must not cost what it measures.
_NONE_LEFT = """
SELECT NOT EXISTS (SELECT FROM runs WHERE status = 'READY' AND not_before <= now())
    AND NOT EXISTS (SELECT FROM runs WHERE status = 'RUNNING')
"""
_DONE = "SELECT count(*) FROM runs WHERE status = 'DONE' AND thread_id = ANY(%s)"
_LAST_DONE = "SELECT extract(epoch FROM max(updated_at))::float8 FROM runs WHERE thread_id = ANY(%s)"


def in_memory(folder: Path, runs: Sequence[PausedRun]) -> float:
    """A bare `ainvoke` loop on InMemorySaver."""
    return rate_of(_LOOPS, "memory", str(_answers(folder, runs)))


def stock(stage: Stage, runs: Sequence[PausedRun]) -> float:
    """The same on AsyncPostgresSaver, in a database of its own on the same server."""
    name = f"{stage.name}_stock"
    url = stage.machine.postgres.create_database(name)
    migrate.upgrade(url)
    asyncio.run(store_checkpoints(url, runs))
    stage.settle()
    rate = rate_of(_LOOPS, "stock", str(_answers(stage.machine.folder, runs)), url)
    stage.machine.postgres.drop_database(name)
    return rate


def _answers(folder: Path, runs: Sequence[PausedRun]) -> Path:
    file = folder / "answers.json"
    file.write_bytes(answers_file(runs))
    return file


def pause(stage: Stage, runs: Sequence[PausedRun]) -> None:
    """Put runs and their plans on the way until each waits at its gate. The workers must run."""
    asyncio.run(store_checkpoints(stage.url, runs))
    send_all(stage, messages(stage, [each.plan for each in runs]))
    threads = [each.run.thread_id for each in runs]
    waiting = "SELECT count(*) FROM runs WHERE status = 'PAUSED' AND thread_id = ANY(%s)"
    until("the gates", lambda: stage.ask(waiting, threads) == len(threads))


def approve(stage: Stage, runs: Sequence[PausedRun]) -> None:
    """Decide on runs without anyone to resume them, and hold them where they are READY."""
    send_all(stage, messages(stage, [each.approval(datetime.now(UTC)) for each in runs]))
    threads = [each.run.thread_id for each in runs]
    ready = "SELECT count(*) FROM runs WHERE status = 'READY' AND thread_id = ANY(%s)"
    until("the decisions", lambda: stage.ask(ready, threads) == len(threads))
    stage.do(_HOLD)


def quiet(stage: Stage, outcomes: int) -> None:
    """Wait until the gatekeeper has caught up: so many outcomes are noted, and all that is to say is said."""
    said = "SELECT (SELECT count(*) FROM outcomes) >= %s AND NOT EXISTS (SELECT FROM outbox)"
    until("the gatekeeper to catch up", lambda: stage.ask(said, outcomes))


def connected(stage: Stage, resumers: int) -> None:
    """Wait until so many resumers look for work."""
    until("the resumers", lambda: stage.ask(_CONNECTED) == resumers)


def engine(stage: Stage, runs: Sequence[PausedRun], resumers: int) -> float:
    """READY runs a second: from the moment they are let go until the last is DONE, by the store's clock."""
    threads = [each.run.thread_id for each in runs]
    stage.settle()
    with stage.workers("--only", "resumer", "--resumers", str(resumers)):
        connected(stage, resumers)
        time.sleep(1.0)  # their imports are over, their first look found nothing
        started: float = stage.ask(_LET_GO, threads)
        stage.do(_RING)
        until("the runs", lambda: stage.ask(_NONE_LEFT))
    assert stage.ask(_DONE, threads) == len(threads)
    took: float = stage.ask(_LAST_DONE, threads) - started
    return len(threads) / took


def whole_way(stage: Stage, runs: Sequence[PausedRun]) -> float:
    """Runs a second from the first decision produced to the last outcome readable. Workers must run."""
    decisions = messages(stage, [each.approval(datetime.now(UTC)) for each in runs])
    watch = Watch(stage, "outcomes")
    stage.settle()
    started = time.monotonic()
    send_all(stage, decisions)
    ended = watch.until_all({each.plan.plan_id for each in runs})
    watch.close()
    return len(runs) / (ended - started)
