"""What `plangate dev` does."""

import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from gate_events.shown import shown
from gate_store.database import open_store, utc_now
from gate_store.engine.port import Served
from gate_store.heartbeats import GATEKEEPER, RESUMER, ROUTER, heard
from gate_store.open_again import publish_open_gates
from gate_store.unserved import paused_elsewhere
from plangate.cli.counting import counted
from plangate.cli.dev_project import check_project
from plangate.cli.heard_of import missing
from plangate.cli.output import say, table
from plangate.cli.stores import reading
from plangate.dev import env_file
from plangate.dev.alone import alone_in
from plangate.dev.broker import Broker
from plangate.dev.changes import watched_project
from plangate.dev.errors import DevServiceError
from plangate.dev.reload import Reload
from plangate.dev.stack import Stack, make_folder, services, workers
from plangate.settings import load_settings

_SERVE_WITHIN_S = 60.0
_LOOK_S = 0.2
_NAMED = 10
_REPUBLISH_AFTER_S = 5


def dev(broker: Broker, store: str | None, folder: Path, resumers: int) -> None:
    """Start everything, and stay until Ctrl-C. Raises DevServiceError."""
    for number in (signal.SIGINT, signal.SIGTERM):  # who starts it in the background may have SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    check_project(load_settings())
    make_folder(folder, store)
    # the mock cluster forgets what was under way when the last one ended
    given: dict[str, Any] = {"republish_after_s": _REPUBLISH_AFTER_S} if broker == "mock" else {}
    try:
        with alone_in(folder):
            env_file.forget(folder)
            with services(folder, broker, store, **given) as stack:
                if broker == "mock":
                    _ask_again(stack)
                with workers(stack, folder, arguments=("--resumers", str(resumers))):
                    _serve(stack, folder, resumers)
    except KeyboardInterrupt:
        say("ended")


def _ask_again(stack: Stack) -> None:
    """The mock cluster has forgotten its log, and views read there which gates are open."""
    store = open_store(stack.settings.store_url)
    try:
        with store.begin() as conn:
            count = publish_open_gates(conn, utc_now())
    finally:
        store.dispose()
    if count:
        say(f"on approval-requests again, since the broker's log is in memory: {counted(count, 'open gate')}")


def _serve(stack: Stack, folder: Path, resumers: int) -> None:
    parts = [ROUTER, GATEKEEPER, *([RESUMER] if resumers and stack.settings.graphs.exists() else [])]
    say(f"Plangate starts; its workers log to {folder}")
    try:
        _until_ctrl_c(stack, folder, parts)
    except KeyboardInterrupt:
        say("ending: runs in hand finish first")


def _until_ctrl_c(stack: Stack, folder: Path, parts: Sequence[str]) -> None:
    serve = partial(_all_serve, stack, parts)
    with watched_project(stack.settings, folder) as changes:
        began = time.monotonic()
        while not serve(began):
            _refuse_ended(stack)
            time.sleep(_LOOK_S)
        with env_file.written(stack.environment, folder) as file:
            _introduce(stack, folder, file)
            reload = Reload(stack, changes, serve, partial(_left_behind, stack), say)
            while True:
                reload.look()
                if not reload.is_broken:
                    _refuse_ended(stack)
                time.sleep(_LOOK_S)


def _refuse_ended(stack: Stack) -> None:
    """Raises DevServiceError when a worker has ended by itself."""
    for worker in stack.workers:
        if not worker.is_running:
            raise DevServiceError(worker.name, "ended", worker.last_words)


def _left_behind(stack: Stack) -> str:
    """Which runs wait at a gate of a graph that is another now; empty: none."""
    with reading(stack.settings) as conn:
        found = heard(conn, utc_now())
        graphs = {name: v for each in found if each.does_its_part for name, v in each.process.graphs.items()}
        threads = paused_elsewhere(conn, Served(graphs, 0), _NAMED + 1)
    if not threads:
        return ""
    names = ", ".join(shown(thread) for thread in threads[:_NAMED])
    more = " and more" if len(threads) > _NAMED else ""
    return (
        f"these runs paused before their graph changed, and end STALE when they are decided on:"
        f" {names}{more}; submit their input again"
    )


def _all_serve(stack: Stack, parts: Sequence[str], began: float) -> bool:
    """Whether each part is done by a process of ours; after a minute what is not is said."""
    with reading(stack.settings) as conn:
        found = heard(conn, utc_now())
    age = timedelta(seconds=time.monotonic() - began)
    ours = [each for each in found if each.alive_for <= age]
    why = [said for part in parts if (said := missing(part, ours))]
    if why and age.total_seconds() > _SERVE_WITHIN_S:
        say(f"not all serve yet: {'; '.join(why)}; see the logs")
        return True
    return not why


def _introduce(stack: Stack, folder: Path, file: Path) -> None:
    address = stack.settings.metrics_address
    graphs = stack.settings.graphs
    table(
        "Plangate runs",
        ("what", "where"),
        [
            ("Kafka", f"{stack.settings.bootstrap_servers} ({stack.broker})"),
            ("store", stack.settings.store_shown),
            ("catalogue", stack.settings.catalogue),
            ("graphs", graphs if graphs.exists() else f"none: no {graphs} here, so only services are served"),
            ("logs", folder),
            *([("metrics", f"http://{address}/metrics")] if address and address.port else []),
        ],
    )
    say(f"In another shell:  . {file}")
    say("Then: plangate submit GRAPH, plangate propose FILE, plangate pending. Ctrl-C ends everything.")
