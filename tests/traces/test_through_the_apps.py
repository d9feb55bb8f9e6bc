"""A plan's trace from its topic to its verdict: what is kept beside rows, and what a record may not do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import select, update

from gate_events.codec import encode
from gate_events.trace_context import caused_by
from gate_events.words import DecisionKind
from gate_store import outbox
from gate_store.tables import gates
from tests.apps.world import asked, decision, plan
from tests.traces.house import House, Spans, id_of

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-11111111111111111111111111111111-2222222222222222-01"
TRACE = 0x4BF92F3577B34DA6A3CE929D0E0E4736


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def house(tmp_path: Path, spans: Spans) -> Iterator[House]:
    house = House(tmp_path, spans.tracer)
    yield house
    house.store.dispose()


@pytest.fixture
def untraced(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, None)
    yield house
    house.store.dispose()


async def test_a_plan_is_one_trace_from_its_topic_to_its_verdict(house: House, spans: Spans) -> None:
    proposed = plan("send")
    house.say(proposed, GIVEN)
    await house.flow()
    house.say(
        decision(house.request_of(proposed.plan_id)), house.kafka.on("approval-requests")[0].traceparent
    )
    await house.flow()
    parents = {
        "process plans": "",
        "send approval-requests": "process plans",
        "process approval-requests": "send approval-requests",
        "process decisions": "send approval-requests",
        "send verdicts": "process decisions",
    }
    assert {span.name: spans.parent_of(span.name) for span in spans.all()} == parents
    assert {span.context.trace_id for span in spans.all() if span.context} == {TRACE}
    assert house.kafka.on("verdicts")[0].traceparent == id_of(spans.named("send verdicts"))


async def test_spans_follow_the_messaging_conventions(house: House, spans: Spans) -> None:
    proposed = plan("send")
    house.say(proposed, GIVEN)
    await house.flow()
    read, sent = spans.named("process plans"), spans.named("send approval-requests")
    gate_id = str(house.request_of(proposed.plan_id).request_id)
    assert (read.kind, sent.kind) == (SpanKind.CONSUMER, SpanKind.PRODUCER)
    ours = {"plangate.plan_id": str(proposed.plan_id), "plangate.gate_id": gate_id}
    ours |= {"plangate.tier": "IRREVERSIBLE", "plangate.role": "router"}
    assert dict(read.attributes or {}) == ours | {
        "messaging.system": "kafka",
        "messaging.destination.name": "plans",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": "plangate-router",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
    }
    assert dict(sent.attributes or {}) == ours | {
        "messaging.system": "kafka",
        "messaging.destination.name": "approval-requests",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
    }


async def test_a_decision_of_another_trace_is_linked_and_the_gate_goes_on_in_its_own(
    house: House, spans: Spans
) -> None:
    """A reviewer's page has a trace of its own, days later."""
    proposed = plan("send")
    house.say(proposed, GIVEN)
    await house.flow()
    house.say(decision(house.request_of(proposed.plan_id)), OTHER)
    await house.flow()
    decided = spans.named("process decisions")
    assert spans.parent_of("process decisions") == "process approval-requests"
    assert [f"{link.context.span_id:x}" for link in decided.links] == ["2222222222222222"]
    assert house.kafka.on("verdicts")[0].traceparent.startswith(GIVEN[:36])


async def test_a_decision_beside_its_request_in_one_batch_belongs_to_the_plans_trace(
    house: House, spans: Spans
) -> None:
    request = asked("send")
    house.say(request, GIVEN)
    house.say(decision(request), OTHER)
    await house.flow()
    assert spans.parent_of("process decisions") == "process approval-requests"
    assert spans.parent_of("send verdicts") == "process decisions"


async def test_without_a_tracer_the_trace_is_carried_on_through_the_store(untraced: House) -> None:
    proposed = plan("send")
    untraced.say(proposed, GIVEN)
    await untraced.flow()
    untraced.say(decision(untraced.request_of(proposed.plan_id)), OTHER)
    await untraced.flow()
    assert [sent.traceparent for sent in untraced.kafka.log if sent.topic != "decisions"] == [GIVEN] * 3


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-" + b"0" * 16 + b"-01",
        b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n2026-11-30 plangate INFO all is well",
        "00-４bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01".encode(),
        b"\xff" * 55,
        b"x" * 100_000,
    ],
    ids=lambda value: f"{len(value)} bytes {value[:6]!r}",
)
async def test_a_malformed_traceparent_is_ignored_and_never_logged(
    house: House, spans: Spans, hostile: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    proposed = plan("send")
    headers = [("traceparent", hostile)]
    house.say_raw("plans", encode(proposed), str(proposed.plan_id).encode(), headers)
    await house.flow()
    assert spans.named("process plans").parent is None
    assert house.kafka.on("approval-requests")[0].traceparent == id_of(spans.named("send approval-requests"))
    assert caplog.messages == []


async def test_no_record_moves_another_plan_to_its_own_trace(house: House) -> None:
    proposed = plan("send")
    house.say(proposed, GIVEN)
    await house.flow()
    request = house.request_of(proposed.plan_id)
    house.say(proposed, OTHER)
    house.say(request, OTHER)
    house.say(decision(request, DecisionKind.REJECT, by="agent-7"), OTHER)
    await house.flow()
    with house.store.begin() as conn:
        kept = conn.execute(select(gates.c.traceparent)).scalar_one()
    assert kept.startswith(GIVEN[:36])


async def test_what_somebody_wrote_into_the_store_is_outside_text_too(house: House, spans: Spans) -> None:
    request, proposed = asked("send"), plan("send")
    house.say(request, GIVEN)
    await house.flow()
    with house.store.begin() as conn:
        conn.execute(update(gates).values(traceparent="not a trace\n"))
        with caused_by({proposed.plan_id: "not a trace\n"}):
            outbox.put(conn, [proposed], datetime.now(UTC))
    house.say(decision(request), OTHER)
    await house.flow()
    assert spans.named("process decisions").links == ()
    assert house.kafka.on("verdicts")[0].traceparent.startswith(OTHER[:36])
    assert spans.named("send plans").parent is None


async def test_a_dead_letter_is_a_failed_span(house: House, spans: Spans) -> None:
    house.say_raw("plans", b"no record", b"key", [("traceparent", GIVEN.encode())])
    house.say_raw("decisions", b"no record", b"key", [("traceparent", GIVEN.encode())])
    await house.flow()
    for name in ("process plans", "process decisions"):
        span = spans.named(name)
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "DeadLetter")
        assert span.events == ()
