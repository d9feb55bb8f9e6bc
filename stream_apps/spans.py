"""Spans of what an app reads and sends, by OpenTelemetry's messaging conventions.

Without a tracer there are none, and a record's trace is only carried on.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry.trace import Span, SpanKind, Tracer

from gate_events.groups import GROUPS
from gate_events.trace_context import carried_on, traceparent_of
from gate_events.tracing import (
    ROLE,
    Attributes,
    context_of,
    fail,
    links_to,
    messaging,
    sending,
    traceparent_in,
)

if TYPE_CHECKING:
    from stream_apps.consume import Received  # whose module loads Faust

REFUSED = "DeadLetter"  # an error of this kind


class Sending:
    """The span of a record on its way to Kafka, until the broker took or refused it."""

    def __init__(self, traceparent: str | None, span: Span | None = None) -> None:
        """`traceparent` is for the record's headers; None: it begins a trace of its own."""
        self.traceparent = traceparent
        self._span = span

    def delivered(self, then: Callable[[], None]) -> Callable[[], None]:
        """`then`, and the end of the span."""
        if self._span is None:
            return then
        span = self._span

        def ended() -> None:
            span.end()
            then()

        return ended

    def refused(self, then: Callable[[str], None]) -> Callable[[str], None]:
        """`then`, and the end of the span as a failure."""
        if self._span is None:
            return then
        span = self._span

        def failed(problem: str) -> None:
            fail(span, REFUSED)
            span.end()
            then(problem)

        return failed


class Spans:
    """What one role does to records."""

    def __init__(self, role: str, topic_prefix: str, tracer: Tracer | None) -> None:
        self._group = f"{topic_prefix}{GROUPS}{role}"
        self._role = role
        self._tracer = tracer

    def process(self, received: "Received", own: str | None = None) -> None:
        """Begin the span of a record's handling, once; its ack ends it.

        `own` is the trace that the store has of its plan. A record of another trace is linked to, no more.
        """
        if received.is_traced:
            return
        given = traceparent_of(received.headers)
        parent = carried_on(given, own)
        received.is_traced = True
        if self._tracer is None:
            received.traceparent = parent
            return
        message = received.message
        attributes = {
            **messaging("process", message.topic),
            "messaging.consumer.group.name": self._group,
            "messaging.destination.partition.id": str(message.partition),
            "messaging.kafka.offset": message.offset,
            ROLE: self._role,
        }
        received.span = self._tracer.start_span(
            f"process {message.topic}",
            context_of(parent),
            SpanKind.CONSUMER,
            attributes,
            links_to(given if given != parent else None),
        )
        received.traceparent = traceparent_in(received.span) or parent

    def send(self, topic: str, parent: str | None, about: Callable[[], Attributes]) -> Sending:
        """Begin the span of a record on its way to `topic`; `about` tells its own attributes."""
        if self._tracer is None:
            return Sending(parent)
        span = sending(self._tracer, topic, {**about(), ROLE: self._role}, context_of(parent))
        return Sending(traceparent_in(span) or parent, span)
