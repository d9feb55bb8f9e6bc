"""A service does the steps of its plan in the order that was approved, with a store and without one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gate_events import values
from gate_events.records import PlanCleared, StepResult
from gate_events.words import StepStatus
from gate_store.clearances import record_cleared
from gate_store.database import open_store, utc_now
from gate_store.engine.port import OutOfOrderError
from plangate import Step, effect
from producers.at_work import AtWork
from producers.store_ledger import NoLedger, StepLedger, StoreLedger
from producers.work import Work
from tests.producers.records import cleared
from tests.stores import migrated

WORDS = "step s2 was refused: step s1 stands before it and has not begun; do the steps in the order that was"


@effect("send_email")
def send(step: Step) -> str:
    return f"sent {step.step_id}"


@effect("send_email")
def fail(step: Step) -> None:
    raise ConnectionError(step.step_id)


def steps(*after: tuple[str, ...] | None) -> tuple[values.Step, ...]:
    return tuple(
        values.Step(step_id=f"s{n}", action_type="send_email", arguments={"to": n}, after=names)
        for n, names in enumerate(after, 1)
    )


@pytest.fixture(params=["without a store", "with a store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine | None]:
    if request.param == "without a store":
        yield None
        return
    url = f"sqlite:///{tmp_path}/store.db"
    migrated(url)
    opened = open_store(url)
    yield opened
    opened.dispose()


class Service:
    """A plan in the hands of a service; its outcome."""

    def __init__(self, store: Engine | None, *after: tuple[str, ...] | None) -> None:
        self.plan: PlanCleared = cleared(steps(*after))
        self.outcome: list[StepResult] = []
        self.told = 0  # that the plan is begun
        ledger: StepLedger = NoLedger()
        if store:
            with store.begin() as conn:
                record_cleared(conn, [self.plan], datetime.now(UTC))
            ledger = StoreLedger(store, "one", utc_now)
        self.work = Work(self.plan, ledger, self.settle, AtWork(self.said, 60.0), utc_now)

    def settle(self, results: list[StepResult] | None) -> None:
        self.outcome = results or []

    def said(self) -> None:
        self.told += 1


def test_a_step_before_its_time_is_not_done_and_ends_the_plan_not_the_service(store: Engine | None) -> None:
    service = Service(store, None, None, None)
    called = []

    @effect("send_email")
    def note(step: Step) -> None:
        called.append(step.step_id)

    with service.work as work:
        for step in reversed(work.steps[:2]):
            work.once(step, note)
    assert (called, service.told) == ([], 0)
    (only,) = service.outcome
    assert (only.step_id, only.status) == ("s2", StepStatus.FAILED)
    assert only.detail.startswith(WORDS)


def test_steps_in_their_order_are_done(store: Engine | None) -> None:
    service = Service(store, None, None, None)
    with service.work as work:
        for step in work.steps:
            work.once(step, send)
    assert [one.result for one in service.outcome] == ["sent s1", "sent s2", "sent s3"]


def test_a_step_that_failed_has_begun(store: Engine | None) -> None:
    service = Service(store, None, None)
    with service.work as work:
        with pytest.raises(ConnectionError):
            work.once("s1", fail)
        assert work.once("s2", send) == "sent s2"


def test_a_refused_step_has_not_begun(store: Engine | None) -> None:
    service = Service(store, None, None, ("s2",))
    for name in ("s2", "s3"):
        with pytest.raises(OutOfOrderError):
            service.work.once(name, send)


def test_a_step_waits_for_those_alone_that_its_plan_names(store: Engine | None) -> None:
    service = Service(store, None, (), ("s1",), None)
    with service.work as work:
        work.once("s2", send)
        for name in ("s3", "s4"):
            with pytest.raises(OutOfOrderError, match=r"s[13] stands before it and has not begun"):
                work.once(name, send)
        for name in ("s1", "s3", "s4"):
            work.once(name, send)
    assert {one.status for one in service.outcome} == {StepStatus.SUCCEEDED}
