"""A slow service without a store, the gate that it tells, and Kafka between them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from confluent_kafka import Consumer
from msgspec.structs import replace
from sqlalchemy import Engine, select

from gate_events.codec import decode, framed
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_events.values import Terms
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus
from gate_store.clock import SILENT_FOR
from gate_store.database import open_store
from gate_store.decisions import apply_decisions
from gate_store.gates import open_gates
from gate_store.outcomes import record_outcomes
from gate_store.tables import outbox
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from tests.apps.world import until
from tests.producers.records import NOW, requested
from tests.producers.services import Bench
from tests.store.acting import ask_again
from tests.stores import migrated

HOLDS = timedelta(seconds=3)  # so that the service speaks every second


class Gate:
    """The gatekeeper's side, at moments that the test chooses."""

    def __init__(self, store: Engine, bench: Bench) -> None:
        self.store, self.bench = store, bench

    def ask(self, request: ApprovalRequested) -> None:
        self._do(open_gates, [request], request.requested_at)

    def answer(self, request: ApprovalRequested, kind: DecisionKind, at: datetime) -> PlanDecided:
        word = DecisionMade(
            event_id=derived("answer", request.request_id),
            request_id=request.request_id,
            plan_id=request.plan_id,
            revision=request.revision,
            digest=request.digest,
            kind=kind,
            decided_at=at,
            decided_by="ann",
            decider=DeciderKind.PERSON,
        )
        self._do(apply_decisions, [word], at, lambda *_: None, lambda *_: "no undo")
        verdict: PlanDecided = self.said(PlanDecided)[-1]
        return verdict

    def hear(self, at: datetime) -> dict[Any, str]:
        """Read everything on `outcomes`; returns what does not count, and why."""
        refused: dict[Any, str] = self._do(record_outcomes, self.bench.told(), at)
        return refused

    def asks_again(self, at: datetime) -> int:
        asked: int = self._do(ask_again, at)
        return asked

    def said(self, kind: Any) -> list[Any]:
        query = select(outbox.c.body).where(outbox.c.record == kind.__name__).order_by(outbox.c.id)
        bodies = self._do(lambda conn: conn.execute(query).scalars().all())
        return [decode(framed(body, kind, None), kind) for body in bodies]

    def _do(self, function: Any, *arguments: Any) -> Any:
        with self.store.begin() as conn:
            return function(conn, *arguments)


@pytest.fixture
def gate(kafka: ApacheKafka, topic_prefix: str, sqlite_url: str) -> Iterator[Gate]:
    migrated(sqlite_url)
    store = open_store(sqlite_url)
    yield Gate(store, Bench(kafka, topic_prefix))
    store.dispose()


def question() -> ApprovalRequested:
    request = requested()
    terms = Terms(
        deadline=NOW + timedelta(hours=1),
        use_by_s=int(HOLDS.total_seconds()),
        allowed=(DecisionKind.APPROVE, DecisionKind.REJECT),
    )
    return replace(request, review=replace(request.review, terms=terms))


def serve(bench: Bench, function: Any) -> None:
    """A service whose clock stands still: it is never late."""
    with verdicts(
        bench.options, group="mailer", topic_prefix=bench.prefix, idle_s=1, now=lambda: NOW
    ) as inbox:
        for work in inbox:
            with work:
                for step in work.steps:
                    work.once(step, function)


def test_a_slow_service_without_a_store_is_not_asked_again_and_its_plan_runs_once(gate: Gate) -> None:
    request = question()
    gate.ask(request)
    gate.bench.say(gate.answer(request, DecisionKind.APPROVE, NOW))
    did: list[str] = []
    working, let_go = Event(), Event()

    @effect("send_email")
    def slow(step: Step) -> None:
        did.append(step.step_id)
        working.set()
        assert let_go.wait(60)

    with ThreadPoolExecutor(1) as pool:
        service = pool.submit(serve, gate.bench, slow)
        try:
            assert working.wait(60)
            assert gate.hear(NOW + HOLDS / 2) == {}
            assert gate.asks_again(NOW + HOLDS) == 0
            heard = len(gate.bench.told())
            until(lambda: len(gate.bench.told()) > heard)
            long_after = NOW + 2 * HOLDS + SILENT_FOR
            assert gate.hear(long_after) == {}
            assert gate.asks_again(long_after) == 0
        finally:
            let_go.set()
        service.result(60)
    assert gate.hear(long_after) == {}
    assert gate.asks_again(long_after + 2 * SILENT_FOR) == 0
    assert gate.said(ApprovalRequested) == []
    assert did == ["s1", "s2"]
    assert [each.status for each in gate.bench.outcomes()] == [OutcomeStatus.DONE]
    assert gate.bench.told()[-1].status is OutcomeStatus.DONE


@pytest.mark.parametrize(("with_store", "interval"), [(False, 86_400_000), (True, None)])
def test_without_a_store_the_group_gives_a_slow_members_plan_to_nobody_else(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, with_store: bool, interval: int | None
) -> None:
    """The group takes a member for dead that does not poll for so long, whatever it does meanwhile."""
    given: dict[str, Any] = {}

    def consumer(settings: dict[str, Any], **more: Any) -> Consumer:
        given.update(settings)
        return Consumer(settings, **more)

    monkeypatch.setattr("producers.hearing.Consumer", consumer)
    url = str(gate.store.url) if with_store else None
    verdicts(gate.bench.options, group="mailer", topic_prefix=gate.bench.prefix, store_url=url).close()
    assert given.get("max.poll.interval.ms") == interval


@pytest.mark.parametrize(
    ("kind", "status"),
    [(DecisionKind.APPROVE, OutcomeStatus.DONE), (DecisionKind.REJECT, OutcomeStatus.NOT_RUN)],
)
def test_what_was_asked_again_has_an_outcome_of_its_attempt(
    gate: Gate, kind: DecisionKind, status: OutcomeStatus
) -> None:
    request, late = question(), NOW + HOLDS
    gate.ask(request)
    gate.answer(request, DecisionKind.APPROVE, NOW)
    assert gate.asks_again(late) == 1
    [again] = gate.said(ApprovalRequested)
    gate.ask(again)
    verdict = gate.answer(again, kind, late)
    assert verdict.attempt == 2
    gate.bench.say(verdict)

    @effect("send_email")
    def send(step: Step) -> None:
        pass

    serve(gate.bench, send)
    assert gate.hear(late) == {}
    assert [(each.attempt, each.status) for each in gate.bench.outcomes()] == [(2, status)]
