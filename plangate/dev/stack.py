"""A whole Plangate on this machine: broker, topics, store, workers. `plangate dev`, demo, benchmarks."""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gate_events.topics import TOPICS
from gate_store import migrate
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.broker import Broker
from plangate.dev.errors import DevServiceError
from plangate.dev.mock_kafka import MockKafka
from plangate.dev.postgres import PostgresServer
from plangate.dev.processes import ChildProcess
from plangate.dev.unprivileged import ENTERED_BY_NOBODY, identity
from plangate.kafka import topics
from plangate.settings import Settings, load_settings

_MOCK_FETCH_MS = "20"  # the mock cluster answers a waiting fetch at its end, not when a record comes


@dataclass(frozen=True)
class Stack:
    """What runs, and the environment in which a command reaches it."""

    settings: Settings
    environment: Mapping[str, str]
    broker: str
    workers: list[ChildProcess]
    kafka: ApacheKafka | None = None  # a broker of our own, which can be restarted
    database: PostgresServer | None = None  # the same
    logins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # a role's own environment


@contextmanager
def services(
    folder: Path,
    broker: Broker,
    store: str | None,
    upgrade: Callable[[str], None] = migrate.upgrade,
    users: Collection[str] = (),
    **given: object,
) -> Iterator[Stack]:
    """A broker with its topics and a store with its tables, below `folder`; no workers yet.

    `store` is a store URL; `postgresql` starts a PostgreSQL of our own; None is SQLite below `folder`.
    `users` of Apache Kafka: it then lets nobody in but them and us, who may do everything.
    Raises DevServiceError.
    """
    make_folder(folder, store)
    with ExitStack() as stack:
        kafka = ApacheKafka(folder / "kafka", users=users) if broker == "apache" else None
        database = PostgresServer(folder / "postgresql") if store == "postgresql" else None
        servers, name = _broker(stack, kafka)
        values = {
            "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": servers,
            **(variables(kafka.client_options) if kafka else {}),
            "PLANGATE_STORE_URL": _store_url(stack, folder, database, store),
            "PLANGATE_SPOOL": str(folder.absolute() / "spool"),
            "PLANGATE_STALE_AFTER_S": "0",  # nobody else will come who has an earlier version of a graph
            **({"PLANGATE_KAFKA_FETCH_WAIT_MAX_MS": _MOCK_FETCH_MS} if broker == "mock" else {}),
            **{f"PLANGATE_{key.upper()}": str(value) for key, value in given.items()},
        }
        stack.enter_context(environment(values))
        settings = load_settings()
        if broker == "apache":
            topics.create(settings)
        upgrade(settings.store_url)
        yield Stack(settings, values, name, [], kafka, database)


def make_folder(folder: Path, store: str | None) -> None:
    """Where all of it lies: nobody enters it but us, and whoever a PostgreSQL of our own runs as.

    Raises DevServiceError for a folder that cannot be made.
    """
    entered = identity() and store == "postgresql"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=ENTERED_BY_NOBODY if entered else 0o700)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DevServiceError(str(folder), why, "give a --folder that can be written") from error


@contextmanager
def workers(stack: Stack, folder: Path, count: int = 1, arguments: tuple[str, ...] = ()) -> Iterator[None]:
    """`count` worker trees as child processes of this folder, the project's, logging below `folder`."""
    with ExitStack() as running:
        for number in range(1, count + 1):
            name = f"worker-{number}"
            child = ChildProcess(
                name,
                # -P: a module of the project must not stand before ours
                [sys.executable, "-P", "-m", "plangate.cli.main", "worker", *arguments],
                log=folder / f"{name}.log",
                folder=Path.cwd(),
            )
            running.callback(child.stop)
            stack.workers.append(child)
        yield
    stack.workers.clear()


def _broker(stack: ExitStack, kafka: ApacheKafka | None) -> tuple[str, str]:
    if kafka is not None:
        stack.enter_context(kafka)
        return kafka.bootstrap_servers, f"Apache Kafka {kafka.version}"
    mock = stack.enter_context(MockKafka())
    mock.create_topics(*(topic.name for topic in TOPICS))
    return mock.bootstrap_servers, f"librdkafka {mock.version}'s mock cluster; its log is in memory"


def _store_url(stack: ExitStack, folder: Path, database: PostgresServer | None, store: str | None) -> str:
    if database is not None:
        return stack.enter_context(database).url()
    return store or f"sqlite:///{folder.absolute() / 'store.db'}"


def variables(options: Mapping[str, str]) -> dict[str, str]:
    """Kafka's options as the environment gives them."""
    return {f"PLANGATE_KAFKA_{name.upper().replace('.', '_')}": value for name, value in options.items()}


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set for this process and its children, and set back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
