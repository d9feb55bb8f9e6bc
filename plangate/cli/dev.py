"""`plangate dev`: everything on this machine, in one command."""

import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gate_store.database import utc_now
from gate_store.heartbeats import GATEKEEPER, RESUMER, ROUTER, heard
from plangate.cli.heard_of import missing
from plangate.cli.output import say, table
from plangate.cli.stores import reading
from plangate.dev.errors import DevServiceError
from plangate.dev.processes import tail
from plangate.dev.stack import Broker, Stack, services, workers

_SERVE_WITHIN_S = 60.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dev)


def dev(
    broker: Annotated[
        Broker, typer.Option(help="mock: inside this process, in memory. apache: Apache Kafka 4, on disk.")
    ] = "mock",
    store: Annotated[
        str | None, typer.Option(help="A store URL, or `postgresql` for a server of our own. Else SQLite.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where data and logs go.")] = Path(".plangate"),
    resumers: Annotated[int, typer.Option(min=0, help="How many resumer processes.")] = 1,
) -> None:
    """Start a broker, a store and workers here, say how to reach them, and run until Ctrl-C.

    In memory, at once: `plangate dev`

    On disk, in .plangate/: `plangate dev --broker apache --store postgresql`

    Then, in another shell: `. .plangate/env` and `plangate pending`
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # who starts it in the background may have SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    with (
        services(folder, broker, store) as stack,
        workers(stack, folder, arguments=("--resumers", str(resumers))),
    ):
        began = time.monotonic()
        try:
            _watch(
                stack,
                partial(_all_serve, stack, [ROUTER, GATEKEEPER, *([RESUMER] if resumers else [])], began),
            )
            with _environment_file(stack, folder) as file:
                _introduce(stack, folder, file)
                _watch(stack, lambda: False)
        except KeyboardInterrupt:
            say("ending: runs in hand finish first")


def _watch(stack: Stack, is_over: Callable[[], bool]) -> None:
    """Stay until that, or Ctrl-C. Raises DevServiceError when a worker has ended by itself."""
    while not is_over():
        for worker in stack.workers:
            if not worker.is_running:
                raise DevServiceError(worker.name, "ended", f"its log ends with:\n{tail(worker.log)}")
        time.sleep(0.2)


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


@contextmanager
def _environment_file(stack: Stack, folder: Path) -> Iterator[Path]:
    """What another shell reads to reach this stack; gone when the stack is. It may hold a password."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in stack.environment.items()]
    file = folder / "env"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.writelines(lines)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _introduce(stack: Stack, folder: Path, file: Path) -> None:
    table(
        "Plangate runs",
        ("what", "where"),
        [
            ("Kafka", f"{stack.settings.bootstrap_servers} ({stack.broker})"),
            ("store", stack.settings.store_shown),
            ("catalogue", stack.settings.catalogue),
            ("graphs", stack.settings.graphs),
            ("logs", folder),
        ],
    )
    say(f"In another shell:  . {file}")
    say("Then: plangate submit GRAPH, plangate propose FILE, plangate pending. Ctrl-C ends everything.")
