"""One round's stage: topics under a prefix and a database of its own, on servers that all rounds share."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg

from gate_store import migrate
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.postgres import PostgresServer
from plangate.dev.processes import tail
from plangate.dev.stack import Stack, environment, workers
from plangate.kafka import topics
from plangate.settings import load_settings

T = TypeVar("T")

HERE = Path(__file__).parent
_PATIENCE_S = 300.0


class TooSlowError(RuntimeError):
    """{what} did not happen within {seconds} s."""


@dataclass(frozen=True)
class Machine:
    """The servers that run."""

    folder: Path
    kafka: ApacheKafka
    postgres: PostgresServer


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """Apache Kafka and a durable PostgreSQL below `folder`. Raises DevServiceError."""
    folder.chmod(0o755)  # PostgreSQL runs as nobody where we are root
    with (
        ApacheKafka(folder / "kafka") as kafka,
        PostgresServer(folder / "postgresql", durable=True) as postgres,
    ):
        yield Machine(folder, kafka, postgres)


@dataclass(frozen=True)
class Stage:
    """Empty topics and tables, and what reaches them."""

    machine: Machine
    name: str
    stack: Stack
    store: "psycopg.Connection[Any]"  # one for all questions: opening one costs the server more than asking

    @property
    def url(self) -> str:
        """The store."""
        return self.stack.settings.store_url

    def topic(self, name: str) -> str:
        """A topic's full name."""
        return self.stack.settings.topic(name)

    @contextmanager
    def workers(self, *arguments: str) -> Iterator[list[int]]:
        """`plangate worker` with these arguments; yields the ids of its processes' parent."""
        folder = self.machine.folder / f"{self.name}-{len(list(self.machine.folder.iterdir()))}"
        folder.mkdir()
        try:
            with workers(self.stack, folder, 1, arguments):
                yield [child.pid for child in self.stack.workers]
        except TooSlowError:
            print(tail(folder / "worker-1.log", 40), file=sys.stderr)
            raise

    def ask(self, query: LiteralString, *values: Any) -> Any:
        """The first value that a query gives."""
        row = self.store.execute(query, values).fetchone()
        return row[0] if row else None

    def do(self, *statements: LiteralString) -> None:
        """Run statements."""
        for statement in statements:
            self.store.execute(statement)

    def settle(self) -> None:
        """The same start for each measurement: statistics there, nothing left to be written."""
        self.do("VACUUM ANALYZE", "CHECKPOINT")


@contextmanager
def stage(machine: Machine, name: str, graphs: Path = HERE / "langgraph.json") -> Iterator[Stage]:
    """Make topics and tables; the settings are this process's environment meanwhile, and its children's."""
    values = {
        "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": machine.kafka.bootstrap_servers,
        "PLANGATE_STORE_URL": machine.postgres.create_database(name),
        "PLANGATE_TOPIC_PREFIX": f"{name}-",
        "PLANGATE_CATALOGUE": str(HERE / "catalogue.yaml"),
        "PLANGATE_GRAPHS": str(graphs),
        "PLANGATE_SPOOL": str(machine.folder / "spool"),
    }
    with environment(values):
        settings = load_settings()
        topics.create(settings)
        migrate.upgrade(settings.store_url)
        with psycopg.connect(settings.store_url, autocommit=True) as store:
            yield Stage(machine, name, Stack(settings, values, machine.kafka.version, []), store)
    machine.postgres.drop_database(name)


def rate_of(module: str, *arguments: str) -> float:
    """Run a module as a process of its own; the last line that it prints is a number."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr[-2_000:]}")
    return float(done.stdout.splitlines()[-1])


def until(what: str, look: Callable[[], T], every_s: float = 0.1) -> T:
    """What `look` returns once it is true. Raises TooSlowError."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TooSlowError(f"{what} did not happen within {_PATIENCE_S:.0f} s")
        time.sleep(every_s)
    return seen


def memory_mb(parent: int) -> dict[str, float]:
    """Resident memory of a worker's processes: `apps`, `resumer`."""
    found = {}
    for pid in _children(parent):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        module = next((part for part in command if part.startswith("plangate.worker.")), "?")
        resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        assert resident
        found[module.rpartition(".")[2]] = round(int(resident[1]) / 1024, 1)
    return found


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
