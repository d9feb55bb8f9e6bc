"""Spans on their way out of a process: only where they are wanted, and holding up nothing."""

import gzip
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider

from plangate import tracing
from plangate.cli import application
from plangate.tracing import exporting, is_wanted

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
OFF = (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED")


class Collector:
    """Takes OTLP over HTTP, or answers nothing."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, ExportTraceServiceRequest]] = []
        self.status = 200
        self.silent = False
        self.asked = Event()
        self._over = Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.asked.set()
                if collector.silent:
                    collector._over.wait(60)
                    return
                raw = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
                request = ExportTraceServiceRequest()
                request.ParseFromString(raw)
                if collector.status == 200:
                    collector.taken.append((self.path, request))
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The suite's own output is enough."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def services(self) -> dict[str, list[str]]:
        """The names of spans by service."""
        found: dict[str, list[str]] = {}
        for _, request in self.taken:
            for spans in request.resource_spans:
                told = {each.key: each.value.string_value for each in spans.resource.attributes}
                names = [span.name for scope in spans.scope_spans for span in scope.spans]
                found.setdefault(told["service.name"], []).extend(names)
                assert told["service.instance.id"] == "here"
                assert told["service.version"]
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OFF:
        monkeypatch.delenv(name, raising=False)


def test_each_role_of_a_process_is_a_service_of_its_own(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url)
    with exporting(["gatekeeper", "router"], "here") as tracers:
        tracers["router"].start_span("process plans").end()
        tracers["gatekeeper"].start_span("process decisions").end()
    expected = {"plangate-router": ["process plans"], "plangate-gatekeeper": ["process decisions"]}
    assert collector.services() == expected
    assert {path for path, _ in collector.taken} == {"/v1/traces"}


@pytest.mark.parametrize(
    ("command", "service"),
    [("submit", "plangate-agent"), ("propose", "plangate-agent"), ("approve", "plangate-reviewer")],
)
def test_a_command_that_speaks_is_a_service_whose_whole_process_is_traced(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, command: str, service: str
) -> None:
    of_process: list[TracerProvider] = []
    monkeypatch.setattr(tracing, "set_tracer_provider", of_process.append)
    monkeypatch.setattr(application, "uuid4", lambda: "here")
    monkeypatch.setenv(ENDPOINT, collector.url)
    with application._traced(command):
        of_process[0].get_tracer("plangate").start_span("send").end()
    assert collector.services() == {service: ["send"]}


def test_a_command_that_reads_is_not_traced(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url)
    with application._traced("pending"):
        assert {each.name for each in threading.enumerate()}.isdisjoint({"OtelBatchSpanRecordProcessor"})


def test_an_endpoint_that_answers_nothing_holds_up_neither_work_nor_end(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client waits for its answer as long as it is told to, and its SDK 30 s for the client."""
    monkeypatch.setenv(ENDPOINT, collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
    monkeypatch.setattr(tracing, "_END_S", 0.1)
    collector.silent = True
    with exporting(["router"], "here") as tracers:
        for _ in range(5_000):  # more than the queue holds
            tracers["router"].start_span("process plans").end()
        assert collector.asked.wait(60)
    assert "plangate-traces-end" in {each.name for each in threading.enumerate()}


def test_an_endpoint_that_refuses_costs_one_line(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url.replace("http://", "http://user:word@"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "no header, word")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    collector.status = 400
    with caplog.at_level(logging.INFO), exporting(["router"], "here") as tracers:
        for _ in range(3):
            tracers["router"].start_span("process plans").end()
    [line] = caplog.messages
    assert "the endpoint does not take them; see that what OTEL_EXPORTER_OTLP_ENDPOINT names answers" in line


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({ENDPOINT: "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", ENDPOINT: "http://collector:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", ENDPOINT: "http://collector:4318"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, False),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", ENDPOINT: "http://collector:4317"}, False),
    ],
)
def test_spans_are_exported_where_the_standard_variables_say_so(
    variables: dict[str, str], wanted: bool
) -> None:
    assert is_wanted(variables) is wanted


def test_what_is_not_to_be_had_is_said_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    assert not is_wanted({"OTEL_TRACES_EXPORTER": "zipkin"})
    assert caplog.messages == [
        "OTEL_TRACES_EXPORTER: only otlp and none are known here; no traces are exported"
    ]


def test_a_worker_without_traces_does_not_load_the_sdk() -> None:
    program = (
        "import sys, plangate.worker.apps, producers.kafka_producer, stream_apps.run\n"
        "from plangate.tracing import exporting\n"
        "with exporting(['router'], 'here') as tracers: print(tracers)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "{}\n[]\n"
