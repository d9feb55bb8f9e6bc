"""Spans by OpenTelemetry's API: what its SDK, where a process has one, makes of the work on plans.

Attributes are ids, places and words of the catalogue. Never arguments, goals, notes or names of people; of an
exception its class alone, since its message may quote an argument.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    get_tracer,
    set_span_in_context,
)

NAME = "plangate"  # of the instrumentation
PLAN_ID, GATE_ID, STEP_ID = "plangate.plan_id", "plangate.gate_id", "plangate.step_id"
THREAD_ID, ACTION_TYPE, TIER = "plangate.run.thread_id", "plangate.action_type", "plangate.tier"
ROLE = "plangate.role"

Attributes = Mapping[str, str | int]


def process_tracer() -> Tracer:
    """The tracer of whoever set OpenTelemetry up in this process; without that it does nothing."""
    return get_tracer(NAME)


def context_of(traceparent: str | None) -> Context:
    """The context in which a span is a child of a well-formed traceparent; None: it begins a trace."""
    return (
        set_span_in_context(NonRecordingSpan(_remote(traceparent)), Context()) if traceparent else Context()
    )


def links_to(traceparent: str | None) -> list[Link]:
    """A link to a well-formed traceparent."""
    return [Link(_remote(traceparent))] if traceparent else []


def traceparent_in(span: Span) -> str | None:
    """The traceparent of a span; None: it is of no trace."""
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def current_traceparent() -> str | None:
    """That of the span in which this code runs."""
    return traceparent_in(get_current_span())


def fail(span: Span, kind: str) -> None:
    """Mark a span as failed by an error of this kind: the name of a class."""
    span.set_status(Status(StatusCode.ERROR, kind))
    span.set_attribute("error.type", kind)


@contextmanager
def span_of(
    tracer: Tracer,
    name: str,
    attributes: Attributes,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
) -> Iterator[Span]:
    """A span around a piece of work, current meanwhile; `parent` None: the current span.

    Not `start_as_current_span`: where nothing is traced, that takes twice the time.
    """
    span = tracer.start_span(name, parent, kind, attributes)
    token = attach(set_span_in_context(span))
    try:
        yield span
    except Exception as error:
        fail(span, type(error).__name__)
        raise
    finally:
        detach(token)
        span.end()


@contextmanager
def in_trace(traceparent: str | None) -> Iterator[None]:
    """What is traced meanwhile belongs to a well-formed traceparent, unless a span is current already."""
    if traceparent is None or get_current_span().get_span_context().is_valid:
        yield
        return
    token = attach(context_of(traceparent))
    try:
        yield
    finally:
        detach(token)


def sending(tracer: Tracer, topic: str, about: Attributes, parent: Context | None = None) -> Span:
    """Begin the span of a record on its way to `topic`; `parent` None: the current span."""
    return tracer.start_span(
        f"send {topic}", parent, SpanKind.PRODUCER, {**messaging("send", topic), **about}
    )


def of_record(record: Any) -> dict[str, str | int]:
    """What a record is about: plan, gate, tier."""
    about: dict[str, str | int] = {}
    if plan_id := getattr(record, "plan_id", None):
        about[PLAN_ID] = str(plan_id)
    if gate_id := getattr(record, "request_id", None):
        about[GATE_ID] = str(gate_id)
    if tier := getattr(record, "tier", None):
        about[TIER] = tier.value
    return about


def messaging(operation: str, topic: str) -> dict[str, str | int]:
    """The attributes of OpenTelemetry's messaging conventions that every such span has.

    https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
    """
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }


def _remote(traceparent: str) -> SpanContext:
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
