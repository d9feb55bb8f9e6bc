"""The services that tests ask for as fixtures."""

import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.errors import DevServiceError
from plangate.dev.mock_kafka import MockKafka
from plangate.dev.postgres import PostgresServer
from plangate.dev.registry import SchemaRegistry
from plangate.kafka.roles import Role
from tests.account import labels, note
from tests.secured_kafka import SecuredKafka
from tests.sharing import Sharing
from tests.stores import drop_database, empty_database

_FOLDER_VARIABLE = "TEST_RUN_FOLDER"  # not PLANGATE_*: those are settings, and an unknown one is refused

_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108 - a folder of our own is made in it

sharing = Sharing()


def open_run_folder() -> Path | None:
    """Make the folder that all workers of this run share; None in a worker, which inherits it."""
    if _FOLDER_VARIABLE in os.environ:
        return None
    folder = Path(tempfile.mkdtemp(prefix="plangate-tests-", dir=_in_memory()))
    folder.chmod(0o755)  # PostgreSQL, run by nobody, must get through
    os.environ[_FOLDER_VARIABLE] = str(folder)
    return folder


def _in_memory() -> Path | None:
    """Where files cost the services a fifth less, if there is room; None for the disk."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if roomy else None


def run_folder() -> Path:
    """The folder that all workers of this run share."""
    return Path(os.environ[_FOLDER_VARIABLE])


@contextmanager
def required() -> Iterator[None]:
    """A service that cannot start is a skip with its reason, and a failure where CI=true."""
    try:
        yield
    except DevServiceError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka() -> Iterator[ApacheKafka]:
    """Real Apache Kafka, shared by the whole run: take topics of your own (`topic_prefix`), never stop it."""
    with required(), sharing.use(run_folder() / "kafka", ApacheKafka) as broker:
        labels["kafka"] = f"Apache Kafka {broker.version}"
        yield broker


def _secured_kafka(folder: Path, port: int | None) -> SecuredKafka:
    return SecuredKafka(folder, port, users=[*Role, "operator", "stranger", "newcomer"])


@pytest.fixture(scope="session")
def secured_kafka() -> Iterator[SecuredKafka]:
    """Apache Kafka that asks who one is and holds everybody to ACLs, shared by the whole run.

    Each role is a user of that name; `operator`, `stranger` and `newcomer` have none. `admin` may do all.
    """
    with required(), sharing.use(run_folder() / "secured-kafka", _secured_kafka) as broker:
        labels["secured_kafka"] = f"Apache Kafka {broker.version} with ACLs"
        yield broker


@pytest.fixture
def own_kafka(request: pytest.FixtureRequest) -> Iterator[ApacheKafka]:
    """Real Apache Kafka for this test alone, which may stop and kill it."""
    with own_folder() as folder, required(), ApacheKafka(folder) as broker:
        note(request.node, f"Apache Kafka {broker.version}")
        yield broker


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[MockKafka]:
    """librdkafka's mock cluster in this process."""
    with MockKafka() as broker:
        labels["mock_kafka"] = f"mock cluster librdkafka {broker.version}"
        yield broker


@pytest.fixture(scope="session")
def registry() -> Iterator[SchemaRegistry]:
    """A real schema registry, shared by the whole run."""
    with required(), sharing.use(run_folder() / "registry", SchemaRegistry) as server:
        labels["registry"] = f"Apicurio Registry {server.version}"
        yield server


def _quick_postgres(folder: Path, port: int | None) -> PostgresServer:
    return PostgresServer(folder, port, durable=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Real PostgreSQL without fsync, shared by the whole run: take a database of your own, never stop it."""
    with required(), sharing.use(run_folder() / "postgres", _quick_postgres) as server:
        labels["postgres_server"] = f"PostgreSQL {server.version}"
        yield server


@pytest.fixture
def own_postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """Real PostgreSQL with fsync for this test alone, which may stop and kill it."""
    with own_folder() as folder, required(), PostgresServer(folder) as server:
        note(request.node, f"PostgreSQL {server.version}")
        yield server


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database, dropped after the test: `postgresql://postgres@127.0.0.1:PORT/NAME`."""
    note(request.node, labels["postgres_server"])
    server = postgres_server.url("postgres")
    name = empty_database(server)
    yield postgres_server.url(name)
    drop_database(server, name)


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A SQLite database that does not exist yet: `sqlite:////ABSOLUTE/PATH.db`."""
    note(request.node, f"SQLite {sqlite3.sqlite_version}")
    return f"sqlite:///{tmp_path / 'plangate.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty database for the behavioural suite, which so runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture
def topic_prefix() -> str:
    """Begins the names of this test's topics: `f"{topic_prefix}plans"`."""
    return f"t{uuid.uuid4().hex[:10]}-"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for a service of one test; below the run's, because nobody cannot enter pytest's tmp_path."""
    folder = Path(tempfile.mkdtemp(dir=run_folder()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
