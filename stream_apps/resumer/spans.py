"""Spans of a run's resume and of its effects. What a node's own instrumentation traces is their child."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry.trace import Span, Tracer

from gate_events.trace_context import caused_by
from gate_events.tracing import (
    ACTION_TYPE,
    PLAN_ID,
    ROLE,
    STEP_ID,
    THREAD_ID,
    context_of,
    span_of,
    traceparent_in,
)
from gate_events.values import Step
from gate_store.engine.port import ClaimedRun

_ROLE = "resumer"


@contextmanager
def resume_span(tracer: Tracer, run: ClaimedRun) -> Iterator[Span]:
    """Around one claim of a run: a child of what made it READY. What is written meanwhile keeps it."""
    about = {PLAN_ID: str(run.plan_id), THREAD_ID: run.thread_id, ROLE: _ROLE}
    with span_of(tracer, "resume", about, parent=context_of(run.traceparent)) as span:
        own = traceparent_in(span)
        with caused_by({run.plan_id: own} if own else {}):
            yield span


def effect_span(tracer: Tracer, run: ClaimedRun, step: Step) -> AbstractContextManager[Span]:
    """Around the call of a step's function."""
    about = {PLAN_ID: str(run.plan_id), STEP_ID: step.step_id, ACTION_TYPE: step.action_type, ROLE: _ROLE}
    return span_of(tracer, f"effect {step.action_type}", about)
