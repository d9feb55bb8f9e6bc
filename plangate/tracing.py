"""Exports spans, where OpenTelemetry's own environment variables say so: OTLP over HTTP, in the background.

Without them the SDK is not even imported. An endpoint that does not answer loses spans and holds up nothing:
that is said once, and so is its end. Nothing here ends a process or keeps it from ending.
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING

from opentelemetry.trace import Tracer, set_tracer_provider

from gate_events.tracing import NAME

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_log = logging.getLogger("plangate.traces")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_END_S = 2.0  # for what has not been exported when a process ends


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether spans are to be exported, by OpenTelemetry's variables; what we cannot do is said, and off."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get(_EXPORTER, "").strip().lower()
    if exporter not in ("", "none", "otlp"):
        _log.warning("%s: only otlp and none are known here; no traces are exported", _EXPORTER)
        return False
    if exporter == "none" or not (exporter or any(map(environment.get, ENDPOINTS))):
        return False
    protocol = next(filter(None, map(environment.get, _PROTOCOLS)), "http/protobuf").strip().lower()
    if protocol != "http/protobuf":
        _log.warning("%s: only http/protobuf is known here; no traces are exported", _PROTOCOLS[1])
        return False
    return True


@contextmanager
def exporting(roles: Iterable[str], instance: str) -> Iterator[Mapping[str, Tracer]]:
    """The tracer of each role, a service of its own, until the end of the block; none where none is wanted.

    `instance` names the process's place.
    """
    providers = _providers(roles, instance)
    try:
        yield {role: provider.get_tracer(NAME) for role, provider in providers.items()}
    finally:
        _end(providers.values())


@contextmanager
def exporting_all(role: str, instance: str) -> Iterator[None]:
    """The same for a process of one role that runs other people's code: all that is traced in it."""
    providers = _providers([role], instance)
    for provider in providers.values():
        set_tracer_provider(provider)
    try:
        yield
    finally:
        _end(providers.values())


def _providers(roles: Iterable[str], instance: str) -> dict[str, "TracerProvider"]:
    if not is_wanted():
        return {}
    try:
        from plangate.otlp import provider_of  # noqa: PLC0415 - the SDK costs a process half a second

        return {role: provider_of(role, version("plangate"), instance) for role in roles}
    except Exception as error:  # whatever its variables hold: work goes on without traces
        _log.warning(
            "no traces are exported: OpenTelemetry does not start (%s); look at the variables OTEL_*",
            type(error).__name__,
        )
        return {}


def _end(providers: Iterable["TracerProvider"]) -> None:
    """Export what waits, for a moment; daemon threads hold up no end."""
    ends = [Thread(target=each.shutdown, name="plangate-traces-end", daemon=True) for each in providers]
    for end in ends:
        end.start()
    until = time.monotonic() + _END_S
    for end in ends:
        end.join(max(0.0, until - time.monotonic()))
