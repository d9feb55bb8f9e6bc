"""A service begins nothing of what is stopped, in the store or by the host's file, and goes on afterwards."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from gate_events.records import PlanCleared, StepResult
from gate_events.stops import Stop
from gate_store.clearances import record_cleared
from gate_store.database import open_store, utc_now
from gate_store.engine.port import StoppedError
from gate_store.stop_file import StopFile
from gate_store.stops import begin_stop, end_stop
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from producers import work as work_module
from producers.at_work import AtWork
from producers.store_ledger import NoLedger, StepLedger, StoreLedger
from producers.work import Work
from tests.apps.world import until
from tests.producers.records import cleared
from tests.producers.services import Bench
from tests.producers.test_order import steps
from tests.stores import migrated

done: list[str] = []


@pytest.fixture(autouse=True)
def nothing_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done.clear()
    monkeypatch.setattr(work_module, "_LOOK_S", 0.02)


@effect("send_email")
def send(step: Step) -> str:
    done.append(step.step_id)
    return "sent"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    migrated(sqlite_url)
    opened = open_store(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def file(tmp_path: Path) -> StopFile:
    return StopFile(tmp_path / "stop")


def stop() -> Stop:
    return Stop(stop_id=uuid4(), by="ana", note="wrong mails", at=utc_now())


def work(plan: PlanCleared, ledger: StepLedger, file: StopFile) -> Work:
    return Work(plan, ledger, lambda _results: None, AtWork(lambda: None, 60.0), utc_now, file)


@pytest.mark.parametrize("by_file", [True, False])
def test_between_two_steps_it_stops_before_the_next_and_comes_again(
    store: Engine, file: StopFile, by_file: bool
) -> None:
    ledger, made, plan = StoreLedger(store, "one", utc_now), stop(), cleared(steps(None, None))
    first, second = work(plan, ledger, file), work(plan, ledger, file)
    with store.begin() as conn:
        record_cleared(conn, [plan], utc_now())
    with first:
        first.once("s1", send)
        if by_file:
            file.add(made)
        else:
            with store.begin() as conn:
                begin_stop(conn, made)
        first.once("s2", send)
    assert isinstance(first.not_now, StoppedError)
    assert done == ["s1"]

    file.end(None)
    with store.begin() as conn:
        end_stop(conn, made, "ana", "", utc_now())
    with second:
        assert [second.once(name, send) for name in ("s1", "s2")] == ["sent", "sent"]
    assert done == ["s1", "s2"]


def test_without_a_store_a_plan_that_has_not_begun_comes_again(file: StopFile) -> None:
    file.add(stop())
    held = work(cleared(steps(None, None)), NoLedger(), file)
    with held:
        held.once("s1", send)
    assert isinstance(held.not_now, StoppedError)
    assert done == []


def test_without_a_store_it_waits_in_the_middle_since_nothing_remembers_the_first_step(
    file: StopFile,
) -> None:
    held = work(cleared(steps(None, None)), NoLedger(), file)
    with held:
        held.once("s1", send)
        file.add(stop())
        going_on = Thread(target=held.once, args=("s2", send))
        going_on.start()
        going_on.join(0.2)
        assert done == ["s1"]
        file.end(None)
        going_on.join()
    assert done == ["s1", "s2"]


def test_plans_that_come_meanwhile_wait_and_are_done_once(
    kafka: ApacheKafka, topic_prefix: str, store: Engine, sqlite_url: str, file: StopFile
) -> None:
    bench, made = Bench(kafka, topic_prefix), stop()
    plans = [cleared(steps(None)) for _ in range(3)]
    with store.begin() as conn:
        record_cleared(conn, plans, utc_now())
        begin_stop(conn, made)
    bench.say(*plans)
    inbox = verdicts(
        bench.options, group="mailer", topic_prefix=bench.prefix, store_url=sqlite_url, stop_file=file.path
    )

    def serve() -> None:
        for each in inbox:
            with each:
                each.once("s1", send)

    serving = Thread(target=serve)
    with inbox:
        serving.start()
        until(lambda: inbox._postponed._waiting)
        assert done == []
        with store.begin() as conn:
            end_stop(conn, made, "ana", "", utc_now())
        until(lambda: len(done) == 3)
        inbox.stop()
        serving.join()
    assert done == ["s1"] * 3


def test_what_another_gets_meanwhile_is_told_and_not_gone_on_with(file: StopFile) -> None:
    """Without a store nothing but the outcome says which steps are done."""
    told: list[list[StepResult] | None] = []
    plan, at_work = cleared(steps(None, None)), AtWork(lambda: None, 60.0)
    held: Work

    def given_to_another(_seconds: float) -> None:
        held.give_up()

    held = Work(plan, NoLedger(), told.append, at_work, utc_now, file, given_to_another)
    with held:
        held.once("s1", send)
        file.add(stop())
        held.once("s2", send)
    assert done == ["s1"]
    assert [[each.step_id for each in results or ()] for results in told] == [["s1"]]


@pytest.mark.slow
def test_a_plan_that_waits_for_longer_than_a_member_may_be_silent_stays_its_own(
    kafka: ApacheKafka, topic_prefix: str, file: StopFile
) -> None:
    bench = Bench(kafka, topic_prefix)
    bench.say(cleared(steps(None, None)))
    silent_s = 6.0  # the shortest that brokers allow
    inbox = verdicts(
        bench.options,
        group="mailer",
        topic_prefix=bench.prefix,
        stop_file=file.path,
        consumer={"max.poll.interval.ms": int(silent_s * 1000), "session.timeout.ms": int(silent_s * 1000)},
    )

    def serve() -> None:
        for each in inbox:
            with each:
                each.once("s1", send)
                file.add(stop())
                each.once("s2", send)
            inbox.stop()

    serving = Thread(target=serve)
    with inbox:
        serving.start()
        until(lambda: done == ["s1"])
        serving.join(2.5 * silent_s)
        assert done == ["s1"]
        file.end(None)
        serving.join()
    assert done == ["s1", "s2"]
    with verdicts(bench.options, group="mailer", topic_prefix=bench.prefix, idle_s=1.0) as other:
        assert list(other) == []  # it is done with, and comes to nobody else
