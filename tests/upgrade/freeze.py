"""Freezes stores and records as the code that runs it writes them: `python -m tests.upgrade.freeze NAME`.

Made once for each release; what was frozen is never made anew. For an earlier commit, unpacked in FOLDER:
`PYTHONPATH=FOLDER python -P tests/upgrade/freeze.py NAME`.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from gate_events.codec import encode, to_json
from gate_events.records import ApprovalRequested
from gate_store.database import open_store, utc_now
from gate_store.migrate import upgrade
from plangate.dev.postgres import PostgresServer
from plangate.dev.postgres_binaries import find_binaries
from tests.events import samples
from tests.resumer.stage import Stage, config, resumer
from tests.store.examples import asked, decided

FROZEN = Path(__file__).parent / "frozen"
PROJECT = Path(__file__).parent / "project"
FOREVER: dict[str, Any] = {"deadline": datetime(2100, 1, 1, tzinfo=UTC), "use_by_s": 2_000_000_000}
GRAPHS = PROJECT / "langgraph.json"


def asked_about(plan: Any) -> ApprovalRequested:
    """The question about a plan of a frozen store."""
    return asked(plan.plan_id, steps=plan.steps, run=plan.run, **FOREVER)


async def fill(url: str) -> None:
    """Runs that wait, that were approved, in doubt, decided too early; and what they say to Kafka."""
    upgrade(url)
    stage = Stage(url, open_store(url), PROJECT)
    stage.open(asked_about(await stage.submit("billing", "waiting", who=["ann"])))
    await _in_doubt(stage)
    early = asked_about(await stage.submit("billing", "decided early", who=["fay"]))
    stage.say(decided(early, at=utc_now()))  # its gate is not there yet
    stage.decide(await stage.submit("billing", "approved", who=["bob", "cid"]), use_by_s=FOREVER["use_by_s"])
    stage.engine.dispose()


async def _in_doubt(stage: Stage) -> None:
    plan = await stage.submit("billing", "in doubt", who=["dan", "eve"])
    stage.decide(plan, use_by_s=FOREVER["use_by_s"])
    async with resumer(config(stage.url, graphs_file=GRAPHS, run_timeout_s=0.5)):
        await stage.wait("IN_DOUBT", "in doubt")
    (question,) = stage.said(ApprovalRequested)
    stage.open(question)


def sqlite_store(folder: Path) -> str:
    """A store on SQLite, as SQL."""
    asyncio.run(fill(f"sqlite:///{folder / 'store.db'}"))
    with sqlite3.connect(folder / "store.db") as connection:
        return "\n".join(connection.iterdump()) + "\n"


def postgresql_store(folder: Path) -> str:
    """The same on PostgreSQL, without what only psql understands."""
    with PostgresServer(folder, durable=False) as server:
        asyncio.run(fill(server.url()))
        dump = [str(find_binaries() / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", server.url()]
        said = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
    return "".join(line for line in said.splitlines(keepends=True) if line[:1] not in {"\\", "-", "\n"})


def thaw(url: str, sql: str) -> None:
    """Make a frozen store anew in an empty database."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as lite:
            lite.executescript(sql)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(sql.encode())


def records() -> str:
    """Each sample of a record: its type, its bytes, and what they say."""
    lines = [
        {"record": type(each).__name__, "bytes": encode(each).hex(), "says": json.loads(to_json(each))}
        for each in samples.SAMPLES
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


STORES: dict[str, Callable[[Path], str]] = {"sqlite": sqlite_store, "postgresql": postgresql_store}


def main(name: str) -> None:
    """Write a file for each kind of store, and one of records."""
    FROZEN.mkdir(exist_ok=True)
    for kind, store in STORES.items():
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL, run by nobody, must get through
            os.environ |= {"EFFECTS_LOG": str(Path(folder) / "effects.log"), "EFFECTS_SLOW_S": "2"}
            (FROZEN / f"{name}.{kind}.sql").write_text(store(Path(folder)))
    (FROZEN / f"{name}.records").write_text(records())


if __name__ == "__main__":
    main(sys.argv[1])
