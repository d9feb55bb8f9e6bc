"""What the store lets nobody do keeps no plan behind it waiting."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, insert

from gate_events.digest import plan_digest
from gate_events.values import Agent
from gate_store.clearances import record_cleared
from gate_store.database import open_store
from gate_store.gates import open_gates
from gate_store.migrate import upgrade
from gate_store.plan_owners import note_revisions
from gate_store.tables import revocations
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from producers.store_ledger import PATIENCE_S
from tests.producers.records import cleared, question_about
from tests.producers.services import Bench


@pytest.fixture
def bench(kafka: ApacheKafka, topic_prefix: str) -> Bench:
    return Bench(kafka, topic_prefix)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    upgrade(sqlite_url)
    opened = open_store(sqlite_url)
    yield opened
    opened.dispose()


@effect("send_email")
def send(step: Step) -> str:
    return "sent"


def served(bench: Bench, store_url: str) -> list[UUID]:
    done = []
    with verdicts(
        bench.options, group="mailer", topic_prefix=bench.prefix, store_url=store_url, idle_s=1
    ) as inbox:
        for work in inbox:
            with work:
                for step in work.steps:
                    work.once(step, send)
            done.append(work.plan_id)
    return done


def test_a_service_passes_over_what_the_store_refused_and_goes_on(
    bench: Bench, store: Engine, sqlite_url: str
) -> None:
    asked, revoked, good = (cleared() for _ in range(3))
    now = datetime.now(UTC)
    with store.begin() as conn:
        open_gates(conn, [question_about(asked)], now)
        record_cleared(conn, [revoked, good], now)
        gone = {"digest": revoked.digest, "by_digest": None, "at": now, "why": "a newer revision"}
        conn.execute(insert(revocations).values(**gone))
    bench.say(asked, revoked, good)
    assert served(bench, sqlite_url) == [good.plan_id]
    assert [each.plan_id for each in bench.outcomes()] == [good.plan_id]
    errors = [str(dict(each.headers() or [])["plangate_error"]) for each in bench.read("dead-letters")]
    assert sorted("a human was asked" in error for error in errors) == [False, True]
    assert served(bench, sqlite_url) == []


def test_a_service_waits_for_no_clearance_of_a_plan_that_is_somebody_elses(
    bench: Bench, store: Engine, sqlite_url: str
) -> None:
    plan, good = cleared(), cleared()
    others = replace(plan, digest=good.digest, revision=3, proposer="mallory", agent=Agent(name="mallory"))
    stolen = replace(others, digest=plan_digest(others.plan_id, 3, others.steps, None))
    now = datetime.now(UTC)
    with store.begin() as conn:
        note_revisions(conn, [plan, good], now)
        record_cleared(conn, [good], now)
    bench.say(stolen, good)
    began = monotonic()
    assert served(bench, sqlite_url) == [good.plan_id]
    assert monotonic() - began < PATIENCE_S / 2
