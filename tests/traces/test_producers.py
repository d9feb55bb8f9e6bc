"""Spans of agents and services, by the OpenTelemetry of their own process."""

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from gate_events.topics import TOPICS
from plangate import KafkaProducer, Plan, Step, effect, propose, verdicts
from plangate.dev.mock_kafka import MockKafka
from tests.producers.records import cleared
from tests.traces.house import Spans


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    spans = Spans()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", spans.provider)
    return spans


@effect("send_email")
def send(step: Step) -> str:
    with trace.get_tracer("a service's").start_as_current_span(f"POST /{step.step_id}"):
        return "sent"


def test_a_proposal_belongs_to_the_span_that_is_current(
    mock_kafka: MockKafka, topic_prefix: str, spans: Spans
) -> None:
    options = {"bootstrap.servers": mock_kafka.bootstrap_servers}
    mock_kafka.create_topics(f"{topic_prefix}plans")
    with (
        KafkaProducer(options, topic_prefix=topic_prefix) as producer,
        trace.get_tracer("an agent's").start_as_current_span("a night's work"),
    ):
        said = propose(producer, Plan([Step("mail", {})], "remind", "billing"))
    sent = spans.named(f"send {topic_prefix}plans")
    assert spans.parent_of(sent.name) == "a night's work"
    assert (sent.attributes or {})["plangate.plan_id"] == str(said.plan_id)


def test_what_is_not_delivered_is_a_failed_span(
    mock_kafka: MockKafka, topic_prefix: str, spans: Spans
) -> None:
    producer = KafkaProducer({"bootstrap.servers": mock_kafka.bootstrap_servers}, topic_prefix=topic_prefix)
    producer.close()
    with pytest.raises(RuntimeError):
        propose(producer, Plan([Step("mail", {})], "remind", "billing"))
    status = spans.named(f"send {topic_prefix}plans").status
    assert (status.status_code, status.description) == (StatusCode.ERROR, "RuntimeError")


def test_a_services_work_is_of_the_trace_of_what_let_it_run(
    mock_kafka: MockKafka, topic_prefix: str, spans: Spans
) -> None:
    options = {"bootstrap.servers": mock_kafka.bootstrap_servers}
    mock_kafka.create_topics(*(topic_prefix + topic.name for topic in TOPICS))
    plan = cleared()
    with KafkaProducer(options, topic_prefix=topic_prefix) as producer:
        producer.send(plan)
    with verdicts(options, group="mailer", topic_prefix=topic_prefix) as inbox:
        for work in inbox:
            with work:
                for step in work.steps:
                    work.once(step, send)
            inbox.stop()
    let_run, done = f"send {topic_prefix}auto-execute", f"process {topic_prefix}auto-execute"
    assert spans.parent_of(done) == let_run
    assert [spans.parent_of(f"POST /{name}") for name in ("s1", "s2")] == ["effect send_email"] * 2
    assert spans.parent_of("effect send_email") == spans.parent_of(f"send {topic_prefix}outcomes") == done
