"""What `plangate torture` does."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.progress import Progress, TextColumn

from plangate.cli.output import console, errors, print_json, say, table
from plangate.dev.broker import Broker
from plangate.torture.lab import Orders, Tell, torture
from plangate.torture.report import keep as keep_report
from plangate.torture.stack import in_force, own

RUNS_TO_A_SERVICE_PLAN = 8  # services take part where liars do
LIES_TO_A_DOSE = 4  # of poison


def run(
    *,
    runs: int,
    kills: int,
    pauses: int,
    liars: int,
    secured: bool,
    seed: int,
    workers: int,
    broker: Broker,
    store: str | None,
    here: bool,
    yes: bool,
    keep: Path | None,
    as_json: bool,
) -> NoReturn:
    """What `commands.torture` is told. Raises typer.Exit with the verdict, typer.BadParameter."""
    console.quiet = as_json
    logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())  # the database is away on purpose
    if here and liars:
        raise typer.BadParameter("liars lie on services of our own alone; leave out --in-force or --liars")
    if secured and (here or broker != "apache" or store != "postgresql"):
        raise typer.BadParameter(
            "--secured needs a broker and a database of our own: leave --broker and --store"
        )
    services = -(-runs // RUNS_TO_A_SERVICE_PLAN) if liars else 0
    poison = liars // LIES_TO_A_DOSE
    orders = Orders(runs, kills, pauses, seed, workers, liars=liars, poison=poison, service_plans=services)
    with _folder(keep) as folder:
        given = None if store == "sqlite" else store
        opened = (
            in_force(folder, seed, orders.lease_s, yes=yes)
            if here
            else own(folder, broker, given, orders.lease_s, secured=secured, poisoned=poison > 0)
        )
        with opened as stack, _bar() as tell:
            found = torture(stack, folder, orders, tell)
        keep_report(found, folder)
        for name, cases in found.findings.items():
            for case in cases[:20]:
                say(f"{name}: {case}", errors)
    if as_json:
        print_json(found.counts)
    else:
        table(
            "The verdict", ("what", "how many"), [(n.replace("_", " "), v) for n, v in found.counts.items()]
        )
        say("Nothing was lost, repeated or done unasked." if found.clean else "See above.")
    raise typer.Exit(0 if found.clean else 1)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="plangate-torture-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)  # PostgreSQL, run by nobody, must get through
        yield Path(name)


@contextmanager
def _bar() -> Iterator[Tell]:
    with Progress(*Progress.get_default_columns(), TextColumn("{task.fields[doing]}"), console=errors) as bar:
        task = bar.add_task("runs at rest", total=None, doing="starting")

        def tell(doing: str, done: int, of: int) -> None:
            bar.update(task, completed=done, total=of, doing=doing)

        yield tell
