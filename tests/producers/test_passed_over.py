"""What the store lets nobody do keeps no plan behind it waiting."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from threading import Thread
from time import monotonic
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, insert

from gate_events.digest import plan_digest
from gate_events.records import PlanCleared
from gate_events.values import Agent
from gate_events.words import StepStatus
from gate_store.clearances import record_cleared
from gate_store.database import open_store
from gate_store.gates import open_gates
from gate_store.ledger import claim_effect, finish_effect
from gate_store.plan_owners import note_revisions
from gate_store.tables import revocations
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from producers.postponed import PATIENCE_S, Postponed
from producers.work import Work
from tests.apps.world import until
from tests.producers.records import cleared, question_about, revised
from tests.producers.services import Bench
from tests.producers.stored import end
from tests.stores import migrated


@pytest.fixture
def bench(kafka: ApacheKafka, topic_prefix: str) -> Bench:
    return Bench(kafka, topic_prefix)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    migrated(sqlite_url)
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


class Serving:
    """A service in the background, and what it has done."""

    def __init__(self, bench: Bench, store_url: str) -> None:
        self.done: list[str] = []
        self.inbox = verdicts(bench.options, group="mailer", topic_prefix=bench.prefix, store_url=store_url)
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self.inbox:
            for work in self.inbox:
                with work:
                    for step in work.steps:
                        work.once(step, send)
                self.done.append(digest_of(work))

    def has_done(self, *plans: PlanCleared) -> bool:
        return {plan.digest for plan in plans} <= set(self.done)


def digest_of(work: Work) -> str:
    steps = tuple(step.to_value() for step in work.steps)
    revision = 2 if steps[0].step_id == "s9" else 1
    return plan_digest(work.plan_id, revision, steps, None)


def test_a_revision_whose_older_one_is_in_doubt_comes_again_and_holds_up_no_other_plan(
    bench: Bench, store: Engine, sqlite_url: str
) -> None:
    doubted, good = cleared(), cleared()
    newer = revised(doubted)
    now = datetime.now(UTC)
    with store.begin() as conn:
        record_cleared(conn, [doubted, good], now)
        died = claim_effect(conn, doubted.plan_id, doubted.digest, doubted.steps[0], "dead", now)
        finish_effect(conn, died, StepStatus.IN_DOUBT, now)
        record_cleared(conn, [newer], now)
    bench.say(newer)
    serving = Serving(bench, sqlite_url)
    bench.say(good)
    until(lambda: serving.has_done(good))
    assert not serving.has_done(newer)
    end(store, doubted)
    until(lambda: serving.has_done(newer))
    serving.inbox.stop()


def test_a_step_that_another_process_is_at_holds_up_no_other_plan(
    bench: Bench, store: Engine, sqlite_url: str
) -> None:
    busy, good = cleared(), cleared()
    now = datetime.now(UTC)
    with store.begin() as conn:
        record_cleared(conn, [busy, good], now)
        claim = claim_effect(conn, busy.plan_id, busy.digest, busy.steps[0], "other", now, lease_s=3_600)
    bench.say(busy)
    serving = Serving(bench, sqlite_url)
    bench.say(good)
    until(lambda: serving.has_done(good))
    assert [each.plan_id for each in bench.outcomes()] == [good.plan_id]
    with store.begin() as conn:
        finish_effect(conn, claim, StepStatus.SUCCEEDED, datetime.now(UTC), result="sent")
    until(lambda: len(bench.outcomes()) == 2)
    serving.inbox.stop()


def test_what_the_gatekeeper_has_not_noted_holds_up_no_other_plan_and_is_done_once_it_is(
    bench: Bench, store: Engine, sqlite_url: str
) -> None:
    unknown, good = [cleared() for _ in range(30)], cleared()
    with store.begin() as conn:
        record_cleared(conn, [good], datetime.now(UTC))
    bench.say(*unknown)
    serving = Serving(bench, sqlite_url)
    bench.say(good)
    until(lambda: serving.has_done(good))
    with store.begin() as conn:
        record_cleared(conn, unknown, datetime.now(UTC))
    until(lambda: serving.has_done(*unknown))
    serving.inbox.stop()


def test_what_a_late_gatekeeper_clears_is_done_once_and_what_it_passes_over_is_buried(
    bench: Bench,
    store: Engine,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("producers.verdicts.Postponed", partial(Postponed, patience_s=0.3))
    honest, forged = [cleared() for _ in range(5)], cleared()
    bench.say(*honest, forged)
    serving = Serving(bench, sqlite_url)
    until(lambda: any("the gatekeeper has not taken " in each for each in caplog.messages))
    assert bench.read("dead-letters") == []
    with store.begin() as conn:
        record_cleared(conn, honest, datetime.now(UTC))
    bench.read_to_the_end("plangate-gatekeeper", "auto-execute")
    until(lambda: serving.has_done(*honest) and bench.read("dead-letters"))
    serving.inbox.stop()
    (letter,) = bench.read("dead-letters")
    assert letter.key() == str(forged.plan_id).encode()
    assert sorted(serving.done) == sorted(each.digest for each in honest)
    assert len(bench.outcomes()) == len(honest)


def test_what_was_not_done_when_a_service_ended_is_read_by_its_next_start(
    bench: Bench, store: Engine, sqlite_url: str
) -> None:
    unknown, good = cleared(), cleared()
    with store.begin() as conn:
        record_cleared(conn, [good], datetime.now(UTC))
    bench.say(unknown)
    first = Serving(bench, sqlite_url)
    bench.say(good)
    until(lambda: first.has_done(good))
    first.inbox.stop()
    with store.begin() as conn:
        record_cleared(conn, [unknown], datetime.now(UTC))
    second = Serving(bench, sqlite_url)
    until(lambda: second.has_done(unknown))
    second.inbox.stop()
