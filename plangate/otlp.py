"""OpenTelemetry's SDK with its OTLP exporter. Whoever imports this has it loaded."""

import logging
import time
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_log = logging.getLogger("plangate.traces")

_SELDOM_S = 600.0
# They repeat themselves with each batch; the last one quotes headers, and so secrets.
_TALKATIVE = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
    "opentelemetry.util.re",
)


class Told(SpanExporter):
    """Says once that spans are not taken, and once that they are again."""

    def __init__(self, exporter: SpanExporter, seldom_s: float = _SELDOM_S) -> None:
        self._exporter = exporter
        self._seldom_s = seldom_s
        self._said_at: float | None = None
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the exporter does; it never raises."""
        try:
            result = self._exporter.export(spans)
        except Exception:  # whatever a transport raises: these spans are lost, and no more
            result = SpanExportResult.FAILURE
        self._say(fails=result is not SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        """As the exporter does."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As the exporter does."""
        return self._exporter.force_flush(timeout_millis)

    def _say(self, *, fails: bool) -> None:
        now = time.monotonic()
        if fails and (self._said_at is None or now - self._said_at >= self._seldom_s):
            _log.warning(
                "traces are not exported and are lost meanwhile: the endpoint does not take them; see that"
                " what OTEL_EXPORTER_OTLP_ENDPOINT names answers, and look at OTEL_EXPORTER_OTLP_HEADERS"
            )
            self._said_at, self._fails = now, True
        elif self._fails and not fails:
            _log.warning("traces are exported again")
            self._fails = False


def provider_of(role: str, version: str, instance: str) -> TracerProvider:
    """The provider of the service `plangate-<role>`; OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME win.

    All else is as OpenTelemetry's variables say: endpoint, headers, certificates, sampler, batches.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    ours = {SERVICE_NAME: f"plangate-{role}", "service.version": version, "service.instance.id": instance}
    theirs = OTELResourceDetector().detect()
    provider = TracerProvider(resource=Resource.create(ours).merge(theirs), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Told(OTLPSpanExporter())))
    return provider
