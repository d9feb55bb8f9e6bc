"""The suite's fixtures, its order and its closing account of services."""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import account, services
from tests.order import spread
from tests.services import (
    kafka,
    mock_kafka,
    own_kafka,
    own_postgres,
    postgres_server,
    postgres_url,
    registry,
    secured_kafka,
    sqlite_url,
    store_url,
    topic_prefix,
)

__all__ = [
    "kafka",
    "mock_kafka",
    "own_kafka",
    "own_postgres",
    "postgres_server",
    "postgres_url",
    "registry",
    "secured_kafka",
    "sqlite_url",
    "store_url",
    "topic_prefix",
]

# No example fails because the machine is slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_folder = pytest.StashKey[Path | None]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_folder] = services.open_run_folder()


@pytest.hookimpl(trylast=True)  # after what is not wanted has been left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    items[:] = spread(long, others, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What tests import is no garbage: looking for some costs a sixth of that time, and more at each look."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)  # after pytest has torn down the session's fixtures
def pytest_sessionfinish() -> None:
    services.sharing.stop_owned()


def pytest_unconfigure(config: pytest.Config) -> None:
    if folder := config.stash.get(_folder, None):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_runtest_call(item: pytest.Item) -> None:
    account.note_session_services(item)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("services")
    for line in account.summary(terminalreporter.stats):
        terminalreporter.write_line(line)
