"""The process under test: the Faust apps with the settings of a JSON file."""

import asyncio
import itertools
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from gate_events import codec
from gate_events.topics import TOPIC_OF
from gate_policy.catalogue import load_catalogue
from gate_policy.judge import judge
from plangate.kafka.registry import SchemaIds
from plangate.worker import logs
from stream_apps import decoding
from stream_apps.config import AppsConfig
from stream_apps.consume import Intake, Received
from stream_apps.eager_consumer import FetchingThread
from stream_apps.gatekeeper import own_judgement
from stream_apps.process import run_process
from stream_apps.router import routing


def hold_the_interpreter() -> None:
    """A library that never gives the interpreter away, as fastavro can be made to."""

    async def holding(*_: object) -> None:
        re.match(r"(a+)+$", "a" * 60 + "b")

    routing.Routing.handle = holding  # type: ignore[method-assign, assignment] # the fault under test


def die_of_fatal_bytes() -> None:
    """A decoder that takes the process with it, as a library in C can be made to."""
    decode = codec.decode

    def deadly(value: bytes, *others: Any) -> Any:
        if b"fatal" in value:
            os.kill(os.getpid(), signal.SIGSEGV)
        return decode(value, *others)

    decoding.decode = deadly  # type: ignore[attr-defined, assignment] # the fault under test


def hang_on_endless_plans() -> None:
    """Code that never ends for one record: a decoder on the event loop, a judgement in a thread."""
    decode = codec.decode

    def decoding_for_ever(value: bytes, *others: Any) -> Any:
        if value == b"endless":
            threading.Event().wait()
        return decode(value, *others)

    def judging_for_ever(plan: Any, *others: Any, **more: Any) -> Any:
        if plan.goal == "endless":
            threading.Event().wait()
        return judge(plan, *others, **more)

    decoding.decode = decoding_for_ever  # type: ignore[attr-defined, assignment] # the fault under test
    own_judgement.judge = judging_for_ever  # type: ignore[attr-defined] # the same


def crash_the_router() -> None:
    """Faust's consumer of the router meets a record that it cannot go on from."""
    fetch = FetchingThread._fetch_records

    async def failing(self: FetchingThread, *args: Any, **kwargs: Any) -> Any:
        fetched = await fetch(self, *args, **kwargs)
        if fetched and self.app.conf.id.endswith("router"):
            raise LookupError("no such codec")
        return fetched

    FetchingThread._fetch_records = failing  # type: ignore[method-assign, assignment] # the fault under test


async def _never(*_: object) -> None:
    await asyncio.get_running_loop().create_future()


def freeze_the_router() -> None:
    """A handler that never returns, as a fault of ours or of Faust would have it."""
    routing.Routing.handle = _never  # type: ignore[method-assign, assignment] # the fault under test


def drop_what_is_queued() -> None:
    """As Faust does where its flow control empties the queues: now and then a record is dropped."""
    take, seen = Intake._take, itertools.count()

    def dropping(self: Intake, event: Any) -> list[Received]:
        return [] if next(seen) % 50 == 49 else take(self, event)

    Intake._take = dropping  # type: ignore[method-assign] # the fault under test


def config_of(given: dict[str, Any]) -> AppsConfig:
    if given.pop("freeze", False):
        freeze_the_router()
    if given.pop("hold", False):
        hold_the_interpreter()
    if given.pop("deadly", False):
        die_of_fatal_bytes()
    if given.pop("endless", False):
        hang_on_endless_plans()
    if given.pop("crash", False):
        crash_the_router()
    if given.pop("drop", False):
        drop_what_is_queued()
    if url := given.pop("registry", None):
        ids, prefix = SchemaIds({"url": url}), given["topic_prefix"]
        given["schema_of_id"] = ids.schema_of
        given["schema_id_of"] = lambda record: ids.id_for(record, prefix + TOPIC_OF[record].name)
    catalogue = load_catalogue(given.pop("catalogue"))
    return AppsConfig(
        catalogue=catalogue, only=frozenset(given.pop("only")), spool=Path(given.pop("spool")), **given
    )


if __name__ == "__main__":
    logs.configure()
    sys.exit(run_process(config_of(json.loads(Path(sys.argv[1]).read_text()))))
