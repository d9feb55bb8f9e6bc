"""The services that a laboratory works on: its own, or those of the settings in force."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gate_store import migrate
from gate_store.database import open_store
from gate_store.tables import runs
from plangate.dev.broker import Broker
from plangate.dev.stack import Stack, environment, services
from plangate.kafka import topics
from plangate.settings import load_settings
from plangate.torture.liars.poisoner import LARGEST_RECORD
from plangate.torture.securing import USERS, secure


class StoreInUseError(Exception):
    """The store holds runs already ({count}); name an empty one, or say --yes."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"the store holds runs already ({count}), and a laboratory kills and restarts what works on it; "
            "set PLANGATE_STORE_URL to an empty one, or say --yes"
        )


def _given(folder: Path, lease_s: float) -> dict[str, Any]:
    here = Path(__file__)
    return {
        "catalogue": here.with_name("catalogue.yaml"),
        "graphs": here.with_name("langgraph.json"),
        "spool": folder / "spool",
        "lease_s": lease_s,
        "run_timeout_s": 10.0,  # the witness hangs a little longer
    }


@contextmanager
def own(
    folder: Path,
    broker: Broker,
    store: str | None,
    lease_s: float,
    upgrade: Callable[[str], None] = migrate.upgrade,
    *,
    secured: bool = False,
    poisoned: bool = False,
) -> Iterator[Stack]:
    """Services of our own below `folder`; `upgrade` makes the store's tables. Raises DevServiceError.

    `secured`: Apache Kafka and PostgreSQL, where every part has a login of its own, with its role's rights.
    `poisoned`: large records are refused sooner, so that bombs can be small.
    """
    given = _given(folder, lease_s)
    if broker == "apache":  # a laboratory need not wait half a minute for each dead consumer
        given["kafka_session_timeout_ms"] = 8000
    if poisoned:
        given["largest_record_bytes"] = LARGEST_RECORD
    users = USERS if secured else ()
    with services(folder, broker, store, upgrade, users, **given) as stack:
        yield replace(stack, logins=secure(stack, stack.kafka)) if secured and stack.kafka else stack


@contextmanager
def in_force(
    folder: Path, seed: int, lease_s: float, upgrade: Callable[[str], None] = migrate.upgrade, *, yes: bool
) -> Iterator[Stack]:
    """The cluster and database of the settings in force, with topics of our own. Raises StoreInUseError."""
    before = load_settings()
    prefix = f"{before.topic_prefix}torture-{seed}-{secrets.token_hex(3)}-"
    given = {**_given(folder, lease_s), "topic_prefix": prefix}
    values = {f"PLANGATE_{name.upper()}": str(value) for name, value in given.items()}
    with environment(values):
        settings = load_settings()
        upgrade(settings.store_url)
        _refuse_foreign_runs(settings.store_url, yes=yes)
        topics.create(settings)
        try:
            yield Stack(settings, values, settings.bootstrap_servers, [])
        finally:
            topics.delete(settings)


def _refuse_foreign_runs(url: str, *, yes: bool) -> None:
    store = open_store(url, pool_size=1)
    with store.connect() as conn:
        count = conn.execute(select(func.count()).select_from(runs)).scalar_one()
    store.dispose()
    if count and not yes:
        raise StoreInUseError(count)
