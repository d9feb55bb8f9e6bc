"""The endpoint over HTTP: pages that say what is wrong, metrics as they are asked for, nothing else."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry, Counter

from plangate.listening import Address, address_of
from plangate.worker.endpoint.server import EndpointTakenError, serving

Ask = Callable[..., tuple[int, str, str]]
ANY_PORT = Address("127.0.0.1", 0)


@pytest.fixture
def wrong() -> dict[str, str]:
    """What is wrong, by what was looked at."""
    return {"apps": "", "resumer 1": ""}


@pytest.fixture
def ask(wrong: Mapping[str, str]) -> Iterator[Ask]:
    """Asks for a path; gives status, content type and body."""
    registry = CollectorRegistry()
    Counter("told", "A counter.", registry=registry).inc()
    with serving(ANY_PORT, registry, {"/healthz": lambda: wrong}) as url:

        def get(path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
            connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode()
            connection.close()
            return answer.status, answer.headers["Content-Type"], body

        yield get


def test_a_page_has_a_line_for_each_thing_and_503_where_one_is_wrong(ask: Ask, wrong: dict[str, str]) -> None:
    assert ask("/healthz") == (200, "text/plain; charset=utf-8", "apps: ok\nresumer 1: ok\n")
    wrong["apps"] = "ended with -9"
    status, _, body = ask("/healthz")
    assert (status, body) == (503, "apps: ended with -9\nresumer 1: ok\n")


def test_metrics_come_as_prometheus_text_or_as_openmetrics(ask: Ask) -> None:
    status, kind, body = ask("/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert "told_total 1.0" in body
    _, kind, body = ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


def test_nothing_else_is_served(ask: Ask) -> None:
    assert ask("/")[0] == 404
    assert ask("/healthz/../metrics")[0] == 404
    assert ask("/healthz", method="POST")[0] == 405
    assert ask("/metrics", method="DELETE")[0] == 405


def test_a_client_that_says_nothing_keeps_no_other_waiting(ask: Ask) -> None:
    with serving(ANY_PORT, CollectorRegistry(), {"/healthz": dict}) as url:
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port)):
            connection = HTTPConnection(place.netloc, timeout=30)
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
            connection.close()


def test_any_number_of_slow_clients_keep_no_other_waiting() -> None:
    """Also of such that say a little now and then: the next request takes the oldest one's place."""
    with serving(ANY_PORT, CollectorRegistry(), {"/healthz": dict}) as url, ExitStack() as slow:
        place = urlsplit(url)
        clients = [
            slow.enter_context(socket.create_connection((place.hostname, place.port), timeout=30))
            for _ in range(17)
        ]
        for client in clients[1:]:
            client.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        connection = HTTPConnection(place.netloc, timeout=30)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        assert clients[0].recv(1) == b""  # hung up on


def test_an_address_that_is_taken_is_named_with_the_setting() -> None:
    with serving(ANY_PORT, CollectorRegistry(), {}) as url:
        taken = address_of(urlsplit(url).netloc)
        with (
            pytest.raises(EndpointTakenError, match=rf"{taken}.*set PLANGATE_METRICS_LISTEN"),
            serving(taken, CollectorRegistry(), {}),
        ):
            pass


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", Address("127.0.0.1", 9464)),
        ("10.0.0.1:9464", Address("10.0.0.1", 9464)),
        ("[::1]:0", Address("::1", 0)),
        ("host.example:1", Address("host.example", 1)),
    ],
)
def test_a_port_alone_is_on_loopback(text: str, address: Address) -> None:
    assert address_of(text) == address
    assert address_of(str(address)) == address


@pytest.mark.parametrize("text", ["", ":9464", "host", "host:", "host:x", "::1:9464", "host:65536", "[::1]"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        address_of(text)
