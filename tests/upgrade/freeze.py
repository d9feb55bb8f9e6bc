"""Freezes a store and records as today's code writes them: `python -m tests.upgrade.freeze NAME`.

Made once for each release; what was frozen is never made anew.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gate_events.codec import encode, to_json
from gate_store.database import open_store
from gate_store.migrate import upgrade
from tests.events import samples
from tests.resumer.stage import Stage
from tests.store.examples import asked

FROZEN = Path(__file__).parent / "frozen"
PROJECT = Path(__file__).parent / "project"
FOREVER: dict[str, Any] = {"deadline": datetime(2100, 1, 1, tzinfo=UTC), "use_by_s": 2_000_000_000}


async def store(file: Path) -> str:
    """A run that waits for its decision, one that was approved, and what they say to Kafka; as SQL."""
    url = f"sqlite:///{file}"
    upgrade(url)
    stage = Stage(url, open_store(url), PROJECT)
    waiting = await stage.submit("billing", "waiting", who=["ann"])
    stage.open(asked(waiting.plan_id, steps=waiting.steps, run=waiting.run, **FOREVER))
    stage.decide(await stage.submit("billing", "approved", who=["bob", "cid"]), use_by_s=FOREVER["use_by_s"])
    stage.engine.dispose()
    with sqlite3.connect(file) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def records() -> str:
    """Each sample of a record: its type, its bytes, and what they say."""
    lines = [
        {"record": type(each).__name__, "bytes": encode(each).hex(), "says": json.loads(to_json(each))}
        for each in samples.SAMPLES
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


if __name__ == "__main__":
    FROZEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sql = asyncio.run(store(Path(folder) / "store.db"))
    (FROZEN / f"{sys.argv[1]}.sql").write_text(sql)
    (FROZEN / f"{sys.argv[1]}.records").write_text(records())
