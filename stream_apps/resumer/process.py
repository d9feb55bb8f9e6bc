"""The resumer as a process: everything it is made of, from its start to its end."""

import asyncio
import gc
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import uvloop
from sqlalchemy import Engine

from gate_store.database import open_store
from gate_store.engine.port import EngineStore, Served
from gate_store.graph_version import graph_version
from gate_store.savers.allowed_classes import allowed_classes
from gate_store.savers.serde import strict_serde
from gate_store.state_types import state_types
from gate_store.workers import register_worker, worker_ended
from stream_apps.resumer.calls import calls
from stream_apps.resumer.commits import Commits
from stream_apps.resumer.config import ResumerConfig
from stream_apps.resumer.graphs import Loaded, load_graphs, refuse_unguarded
from stream_apps.resumer.orphans import Orphans
from stream_apps.resumer.outage import Outage
from stream_apps.resumer.relay import Relay
from stream_apps.resumer.resume import Tools
from stream_apps.resumer.saver import RunSaver
from stream_apps.resumer.second_looks import SecondLooks
from stream_apps.resumer.strangers import Strangers
from stream_apps.resumer.threads import NodeThreads
from stream_apps.resumer.watchdog import Watchdog
from stream_apps.resumer.worker import Worker, every, give_back
from stream_apps.weather import first_line

log = logging.getLogger(__name__)

RELAY_POLL_S = 0.25
SOON_S = 1.0  # until a lease that could not be renewed is tried again
LAST_WORDS_S = 5.0  # for what still waits: acts, outbox; what is left then, another process settles


def serve(config: ResumerConfig) -> None:
    """Run a resumer until SIGTERM or SIGINT. Raises GraphsError before it claims anything."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        _outlive_exits(runner.get_loop(), _until_signalled(config))


def _outlive_exits(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """A node that calls sys.exit() stops the loop; its run hears of it, and the others go on."""
    main = loop.create_task(work)
    while not main.done():
        with suppress(SystemExit, KeyboardInterrupt):
            loop.run_until_complete(main)
    main.result()


async def _until_signalled(config: ResumerConfig) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    threads = NodeThreads(config.threads)
    asyncio.get_running_loop().set_default_executor(threads)  # plain `def` nodes run there
    gc.set_threshold(50_000, 20, 20)  # what lives for good is no business of the collector
    await run_resumer(config, stop, threads)
    threads.end()


async def run_resumer(config: ResumerConfig, stop: asyncio.Event, threads: NodeThreads | None = None) -> None:
    """Resume READY runs until `stop`, then let those in flight finish and give the others back.

    With `threads` the process is the resumer's own, to be ended where a graph holds it up.
    Raises GraphsError where langgraph.json or a graph of it is broken.
    """

    def on_overrun() -> None:
        if threads and not threads.give_one_up():
            log.warning("too many nodes went on past their time; this process ends, to start anew")
            stop.set()

    config = replace(config, worker=f"{config.worker}-{secrets.token_hex(4)}")
    loaded = await load_graphs(config.graphs_file)
    if config.forbids_unguarded:
        refuse_unguarded(loaded.values())
    types = set[tuple[str, ...]](allowed_classes(config.graphs_file))
    types = types.union(*(state_types(each.graph) for each in loaded.values()))
    served = Served({name: graph_version(each.graph) for name, each in loaded.items()}, config.stale_after_s)
    serde = strict_serde(types)
    async with _store(config, serde, served) as store:
        if not await _unless(stop, Outage("opening the store").through(store.open)):
            return
        saver = RunSaver(store, serde)
        graphs = {name: graph.with_saver(saver) for name, graph in loaded.items()}
        relay = Relay(store, config.publish, RELAY_POLL_S) if config.publish else None
        commits = Commits(store, relay.wake if relay else lambda: None)
        tools = Tools(config, saver, graphs, partial(give_back, store, config.worker), on_overrun)
        worker = Worker(store, tools, commits)
        engine = open_store(config.store_url)
        if not await _unless(stop, Outage("noting its start").through(partial(_noted_start, engine, config))):
            return
        undoes = {name: sorted(each.undo_functions) for name, each in loaded.items() if each.undo_functions}
        config.serves(config.worker, served.versions, undoes)
        gc.freeze()
        commits.start()
        works = [*_chores(config, engine, served, graphs, worker), *([relay.run()] if relay else [])]
        tasks = [asyncio.create_task(work) for work in works]
        undoing = asyncio.create_task(_executed_undo(config, graphs, stop))
        watched = ExitStack()
        if threads:
            watched.enter_context(Watchdog(config.lease_s, config.memory_mb, worker.in_hand).watching())
        try:
            await worker.claim_until(stop)
        finally:
            await worker.drain()
            await commits.close(LAST_WORDS_S)
            await asyncio.wait([undoing], timeout=LAST_WORDS_S)
            await _end([*tasks, undoing], relay)
            await _noted_end(engine, config)
            engine.dispose()
            watched.close()


def _chores(
    config: ResumerConfig, engine: Engine, served: Served, graphs: Mapping[str, Loaded], worker: Worker
) -> list[Coroutine[Any, Any, None]]:
    """What is done every now and then, beside the runs."""
    lease_s = config.lease_s
    soon = min(SOON_S, lease_s / 3)
    orphans, strangers = Orphans(engine, graphs, config), Strangers(engine, served, config)
    looks = SecondLooks(engine, graphs, config.clock)
    return [
        every(lease_s / 3, worker.keep_leases, "keeping the leases", again_s=soon),
        every(lease_s / 2, worker.reap, "looking for dead workers"),
        every(lease_s, orphans.look_after, "looking for orphans"),
        every(lease_s, strangers.look, "looking for other versions' runs"),
        every(config.probe_again_s, looks.look, "probing what is in doubt"),
    ]


async def _executed_undo(config: ResumerConfig, graphs: Mapping[str, Loaded], stop: asyncio.Event) -> None:
    if config.executes_undo:
        await config.executes_undo(config.worker, graphs, stop)


async def _end(tasks: Sequence[asyncio.Task[None]], relay: Relay | None) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if relay:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await relay.publish_once()


async def _noted_start(engine: Engine, config: ResumerConfig) -> None:
    def note() -> None:
        with engine.begin() as conn:
            register_worker(conn, config.worker, config.instance or config.worker, config.clock())

    await asyncio.to_thread(note)


async def _noted_end(engine: Engine, config: ResumerConfig) -> None:
    """Only where nothing that it began can still happen; else its supervisor or its next start tells."""

    def note() -> None:
        with engine.begin() as conn:
            worker_ended(conn, config.worker, config.clock())

    if calls.any():
        return
    try:
        async with asyncio.timeout(LAST_WORDS_S):
            await asyncio.to_thread(note)
    except Exception as error:
        log.warning("the end of %s was not noted: %s", config.worker, first_line(error))


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do this, however long the store is away: a new process would do no better. False: told to stop."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return False


@asynccontextmanager
async def _store(config: ResumerConfig, serde: Any, served: Served) -> AsyncIterator[EngineStore]:
    store = config.open_store(config.store_url, serde, served)
    try:
        yield store
    finally:
        await store.close()
