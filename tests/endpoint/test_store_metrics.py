"""What the store says of itself, as metrics: no name of a person, no id, and a bounded number of labels."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine

from gate_store import outbox
from gate_store.clearances import record_cleared
from gate_store.database import open_store
from gate_store.gates import open_gates
from gate_store.heartbeats import Process, begin_to_beat
from gate_store.ledger import claim_effect
from plangate.worker.endpoint.asked import Asked
from plangate.worker.endpoint.store_metrics import StoreMetrics, StoreQuestion
from tests.store.examples import HOUR, NOON, asked, plan_id, proposed
from tests.store.test_ledger import PLAN, STEP
from tests.stores import migrated

LATER = NOON + HOUR / 2


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'plangate.db'}"
    migrated(url)
    return url


@pytest.fixture
def store(url: str) -> Engine:
    return open_store(url)


def told(url: str, actions: frozenset[str] = frozenset()) -> str:
    registry = CollectorRegistry()
    question = StoreQuestion(url, clock=lambda: LATER)
    registry.register(StoreMetrics(Asked("the store", question), lambda: actions))
    return generate_latest(registry).decode()


def test_open_gates_are_told_by_tier_kind_and_age(url: str, store: Engine) -> None:
    with store.begin() as conn:
        open_gates(conn, [asked(plan_id(1)), asked(plan_id(2), deadline=NOON + 20 * HOUR)], NOON)
        open_gates(conn, [asked(plan_id(3), requested_at=LATER)], NOON)
    found = told(url)
    gates = 'plangate_open_gates{age="%s",kind="PLAN",tier="IRREVERSIBLE"} %s'
    assert gates % ("5m-1h", "2.0") in found
    assert gates % ("0-5m", "1.0") in found
    assert "plangate_open_gates_overdue 0.0" in found
    assert "billing-service" not in found


def test_a_gate_past_half_its_time_is_told(url: str, store: Engine) -> None:
    with store.begin() as conn:
        open_gates(conn, [asked(plan_id(1), deadline=LATER + HOUR / 4)], NOON)
    assert 'plangate_open_gates_half_over{tier="IRREVERSIBLE"} 1.0' in told(url)


def test_an_action_type_that_the_catalogue_does_not_have_is_unknown(url: str, store: Engine) -> None:
    with store.begin() as conn:
        record_cleared(conn, [PLAN], NOON)
        claim_effect(conn, PLAN.plan_id, PLAN.digest, STEP, "w1", NOON)
    sample = 'plangate_effects{action_type="%s",state="CLAIMED"} 1.0'
    assert sample % "unknown" in told(url)
    assert sample % STEP.action_type in told(url, frozenset([STEP.action_type]))


def test_outbox_and_heartbeats_are_told(url: str, store: Engine) -> None:
    with store.begin() as conn:
        outbox.put(conn, [proposed()], NOON)
        begin_to_beat(conn, Process("a", "here", "host", "1", "d"), {"router": None}, LATER)
        begin_to_beat(conn, Process("b", "there", "host", "1", "d"), {"router": "Kafka"}, LATER)
        begin_to_beat(conn, Process("c", "elsewhere", "host", "1", "d"), {"gatekeeper": None}, NOON)
    found = told(url)
    assert "plangate_outbox_records 1.0" in found
    assert f"plangate_outbox_oldest_age_seconds {(LATER - NOON).total_seconds()}" in found
    assert 'plangate_workers{part="router",state="working"} 1.0' in found
    assert 'plangate_workers{part="router",state="in_trouble"} 1.0' in found
    assert 'plangate_workers{part="gatekeeper",state="silent"} 1.0' in found
    assert 'plangate_workers{part="resumer",state="working"} 0.0' in found


def test_a_store_that_does_not_answer_is_told_and_keeps_the_others_from_nothing(tmp_path: Path) -> None:
    found = told(f"sqlite:///{tmp_path / 'nothing' / 'plangate.db'}")
    assert "plangate_store_up 0.0" in found
    assert "plangate_open_gates" not in found
