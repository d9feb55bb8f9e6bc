"""A service's claims go by the store's clock, and last as long as its function works."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from gate_events.records import PlanDecided
from gate_events.words import StepStatus
from gate_store.claims import Grant
from gate_store.clearing import Clearance, clear
from gate_store.database import open_store
from gate_store.engine.port import OutdatedError
from gate_store.tables import effects
from producers.store_ledger import StoreLedger
from tests.apps.world import until
from tests.producers.records import STEPS, decided
from tests.stores import migrated

HOUR = timedelta(hours=1)


def in_store(url: str) -> Engine:
    migrated(url)
    return open_store(url)


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    opened = in_store(store_url)
    yield opened
    opened.dispose()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    opened = in_store(postgres_url)
    yield opened
    opened.dispose()


def let_run(store: Engine, verdict: PlanDecided, use_by: datetime | None) -> None:
    with store.begin() as conn:
        at = use_by - HOUR if use_by else verdict.decided_at
        clear(conn, [Clearance(verdict, None, at, use_by)], at, None)


def test_a_claim_is_renewed_while_its_function_works(store: Engine) -> None:
    plan = decided()
    let_run(store, plan, None)
    ledger = StoreLedger(store, "slow", lambda: datetime.now(UTC), lease_s=0.3)
    claim = ledger.claim(plan, STEPS[0])

    def lease() -> datetime:
        with store.connect() as conn:
            found: datetime = conn.execute(select(effects.c.lease_until)).scalar_one()
            return found

    first = lease()
    with ledger.kept(claim):
        until(lambda: lease() > first + timedelta(seconds=0.3))
    assert ledger.finish(plan, STEPS[0], claim, StepStatus.SUCCEEDED, "sent", "")
    assert ledger.claim(plan, STEPS[0]).grant is Grant.SUCCEEDED


def test_a_service_whose_clock_is_behind_begins_nothing_late(postgres: Engine) -> None:
    now = datetime.now(UTC)
    plan = decided(use_by=now - 3 * HOUR)
    let_run(postgres, plan, now - 3 * HOUR)
    ledger = StoreLedger(postgres, "behind", lambda: now - 3.5 * HOUR)
    with pytest.raises(OutdatedError, match="held until"):
        ledger.may_run(plan)
    with pytest.raises(OutdatedError, match="held until"):
        ledger.claim(plan, STEPS[0])
