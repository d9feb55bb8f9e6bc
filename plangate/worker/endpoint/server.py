"""An HTTP server in a thread: Prometheus's metrics, and pages of a line for each thing looked at."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from plangate.listening import Address

Page = Callable[[], Mapping[str, str]]
"""What was looked at, and what is wrong with it; empty where nothing is."""

_MOST_AT_ONCE = 16  # requests
_ROOM_WITHIN_S = 1.0  # after it was hung up on the oldest
_SILENT_S = 5.0  # then a client that says nothing is left


class EndpointTakenError(RuntimeError):
    """metrics_listen: {address} cannot be listened at ({problem}); set PLANGATE_METRICS_LISTEN to another."""

    def __init__(self, address: Address, problem: str) -> None:
        super().__init__(
            f"metrics_listen: {address} cannot be listened at ({problem}); "
            "set PLANGATE_METRICS_LISTEN to another"
        )


class _Server(ThreadingWSGIServer):
    """A thread for each request, but not for any number of them: the oldest makes room for the next."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._in_hand: dict[Any, None] = {}  # requests, the oldest first
        super().__init__(*arguments, **named)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread where there is room, or is soon."""
        if not self._room.acquire(blocking=False):
            self._hang_up_on_the_oldest()
            if not self._room.acquire(timeout=_ROOM_WITHIN_S):
                self.shutdown_request(request)
                return
        self._in_hand[request] = None
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._in_hand.pop(request, None)
            self._room.release()

    def _hang_up_on_the_oldest(self) -> None:
        """Its thread, which reads or writes there, ends by itself."""
        for request in list(self._in_hand)[:1]:
            self._in_hand.pop(request, None)
            with suppress(OSError):  # it has ended meanwhile
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went, or said nothing, is no news."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = _SILENT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests are not logged."""


@contextmanager
def serving(address: Address, registry: CollectorRegistry, pages: Mapping[str, Page]) -> Iterator[str]:
    """Serve /metrics and `pages` by path; yields the base URL. Raises EndpointTakenError."""
    kind = _Server6 if ":" in address.host else _Server
    app = _app(make_wsgi_app(registry), pages)
    try:
        server = make_server(address.host, address.port, app, kind, _Handler)
    except OSError as error:
        raise EndpointTakenError(address, error.strerror or str(error)) from error
    thread = threading.Thread(target=server.serve_forever, name="endpoint", daemon=True)
    thread.start()
    try:
        yield f"http://{Address(address.host, server.server_port)}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _app(metrics: Callable[..., Any], pages: Mapping[str, Page]) -> Callable[..., Iterable[bytes]]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path == "/metrics":
            answer: Iterable[bytes] = metrics(environ, start_response)
            return answer
        if path not in pages:
            return _said(start_response, HTTPStatus.NOT_FOUND, " ".join(("/metrics", *pages)))
        if method not in ("GET", "HEAD"):
            return _said(start_response, HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD")
        found = pages[path]()
        status = HTTPStatus.SERVICE_UNAVAILABLE if any(found.values()) else HTTPStatus.OK
        lines = (f"{what}: {problem or 'ok'}" for what, problem in found.items())
        return _said(start_response, status, "\n".join(lines))

    return app


def _said(start_response: Callable[..., Any], status: HTTPStatus, text: str) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [f"{text}\n".encode()]
