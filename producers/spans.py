"""Spans of a service's work on plans, for whoever set OpenTelemetry up in its process."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from confluent_kafka import Message
from opentelemetry.trace import Span, SpanKind

from gate_events.trace_context import traceparent_of
from gate_events.tracing import (
    ACTION_TYPE,
    PLAN_ID,
    ROLE,
    STEP_ID,
    context_of,
    messaging,
    of_record,
    process_tracer,
    span_of,
)
from gate_events.values import Step
from producers.acting import Word

_ROLE = "service"


@contextmanager
def work_span(word: Word, message: Message) -> Iterator[None]:
    """Around a service's work on what a record lets it do: a child of that record's own trace."""
    topic = message.topic() or ""
    headers = message.headers()
    parent = context_of(traceparent_of(headers if isinstance(headers, list) else ()))
    about = {
        **messaging("process", topic),
        "messaging.destination.partition.id": str(message.partition()),
        "messaging.kafka.offset": message.offset() or 0,
        **of_record(word),
        ROLE: _ROLE,
    }
    with span_of(process_tracer(), f"process {topic}", about, SpanKind.CONSUMER, parent):
        yield


def effect_span(word: Word, step: Step) -> AbstractContextManager[Span]:
    """Around the call of a step's function."""
    about = {PLAN_ID: str(word.plan_id), STEP_ID: step.step_id, ACTION_TYPE: step.action_type, ROLE: _ROLE}
    return span_of(process_tracer(), f"effect {step.action_type}", about)
