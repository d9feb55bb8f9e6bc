"""Poison among good records, on every topic that workers read: `python -m benchmarks.poison`.

On Apache Kafka, PostgreSQL and a schema registry. Every record that the broker took is served, among the dead
letters, or was aborted; no worker restarts. The last line has the sums; exit code 1 where they do not add up.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.executor import Witness, executors
from benchmarks.poison.kinds import REVIEWER, Amounts, Sending, Transaction, everything
from benchmarks.poison.sending import Sender
from benchmarks.poison.sums import Sums, sums
from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind
from gate_store.database import open_store
from gate_store.tables import gates
from plangate.dev.registry import SchemaRegistry
from plangate.dev.stack import Stack, services, workers
from plangate.examples import example
from plangate.wiring import open_catalogue, open_producer
from producers.decisions import decide

SEED = 1
PATIENCE_S = 300


def main() -> None:
    """Run, and print the sums as the last line."""
    amounts = _amounts()
    with tempfile.TemporaryDirectory(prefix="plangate-poison-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        result = measure(folder, amounts)
    print(msgspec.json.encode(result).decode())
    sys.exit(0 if result["adds_up"] else 1)


def measure(folder: Path, amounts: Amounts) -> dict[str, Any]:
    """All of it below a folder."""
    given: dict[str, Any] = {
        "catalogue": example("catalogues/billing.yaml"),
        "spool": folder / "spool",
    }
    with SchemaRegistry(folder / "registry") as registry:
        given["schema_registry_url"] = registry.url
        with (
            services(folder, "apache", "postgresql", **given) as stack,
            workers(stack, folder),
            executors(stack.settings, witness := Witness(), 1),
        ):
            found, listed = _poison(stack, amounts)
    log = (folder / "worker-1.log").read_text()
    whole = found.whole()
    told = {
        "listed": listed,
        "repeated": witness.repeats,
        "restarts": log.count("it starts again"),
        "tracebacks": log.count("Traceback"),
    }
    clean = not (found.missing or told["repeated"] or told["restarts"] or told["tracebacks"])
    return {**whole, **told, "adds_up": clean and listed >= whole["dead"]}


def _amounts() -> Amounts:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poison", description=__doc__)
    usual = Amounts()
    for name in vars(usual):
        parser.add_argument(
            f"--{name}", type=int, default=getattr(usual, name), help=f"({getattr(usual, name)})"
        )
    return replace(usual, **vars(parser.parse_args()))


def _poison(stack: Stack, amounts: Amounts) -> tuple[Sums, int]:
    settings = stack.settings
    all_ = everything(amounts, open_catalogue(settings), settings.schema_registry, SEED)
    sender = Sender(settings)
    sender.send_all(all_)
    _decide_until_at_rest(stack, all_, sender)
    found = sums(settings, all_, sender.sent)
    command = [
        sys.executable,
        "-P",
        "-m",
        "plangate.cli.main",
        "dead-letters",
        "list",
        "--json",
        "--limit=1000000",
    ]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    return found, len(msgspec.json.decode(listed))


def _decide_until_at_rest(stack: Stack, all_: list[Sending | Transaction], sender: Sender) -> None:
    """Approve what is asked until everything that was sent is accounted for, or patience is over."""
    store = open_store(stack.settings.store_url)
    decided: set[UUID] = set()
    with open_producer(stack.settings, "benchmark-reviewer") as producer:

        def look() -> bool:
            query = select(gates.c.request).where(
                gates.c.state == "PENDING", gates.c.timing == "BEFORE", gates.c.gate_id.not_in(decided)
            )
            with store.connect() as conn:
                found = conn.execute(query).scalars().all()
            for request in (msgspec.convert(one, ApprovalRequested) for one in found):
                decide(producer, request, DecisionKind.APPROVE, by=REVIEWER)
                decided.add(request.request_id)
            left = sums(stack.settings, all_, sender.sent).missing
            print(f"still to come: {left or 'nothing'}", file=sys.stderr)
            return not left

        _wait_for(look)
    store.dispose()


def _wait_for(look: Callable[[], bool]) -> None:
    """Until `look` says so, or patience is over."""
    with suppress(RetryError):
        Retrying(
            stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(1.0), retry=retry_if_result(lambda ok: not ok)
        )(look)


if __name__ == "__main__":
    main()
