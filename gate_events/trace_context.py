"""W3C trace context: which trace a record belongs to, and what rows of the store keep of it. Pure.

A record's `traceparent` is outside text. What is not well-formed counts as none, and one of another trace
than the store has for that plan is never carried on.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

HEADER = "traceparent"
_FORM = re.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_LENGTH = 55
_TRACE_ID = slice(3, 35)

_causes: ContextVar[Mapping[Hashable, str]] = ContextVar("plangate_causes", default=MappingProxyType({}))


def well_formed(text: str | None) -> str | None:
    """A traceparent as it was given; None where it is not well-formed."""
    return text if text and _FORM.fullmatch(text) else None


def traceparent_of(headers: Sequence[tuple[str, Any]]) -> str | None:
    """The `traceparent` among a record's headers; None: there is none that is well-formed."""
    for name, value in headers:
        if name == HEADER and isinstance(value, bytes) and len(value) == _LENGTH:
            return well_formed(value.decode("latin-1"))
    return None


def is_same_trace(one: str, other: str) -> bool:
    """Whether two well-formed traceparents name the same trace."""
    return one[_TRACE_ID] == other[_TRACE_ID]


def carried_on(given: str | None, own: str | None) -> str | None:
    """What a record's handling belongs to: what the record gives, unless its plan has its `own` trace."""
    if own is None or (given is not None and is_same_trace(given, own)):
        return given
    return own


@contextmanager
def caused_by(traces: Mapping[Hashable, str]) -> Iterator[None]:
    """What is written meanwhile in this thread or task keeps these traceparents, by what it is about."""
    token = _causes.set(traces)
    try:
        yield
    finally:
        _causes.reset(token)


def cause_of(*names: Hashable) -> str | None:
    """What a row keeps: the traceparent of the work that led to it, by the first name that is known."""
    traces = _causes.get()
    return next((traces[name] for name in names if name in traces), None)
