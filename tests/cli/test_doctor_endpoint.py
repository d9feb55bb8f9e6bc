"""What doctor says of the endpoint that the settings name."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry

from plangate.cli.doctor.endpoint import looks
from plangate.cli.doctor.finding import Finding, State, looked
from plangate.listening import Address
from plangate.settings import Settings
from plangate.worker.endpoint.server import serving


@contextmanager
def worker(**says: str) -> Iterator[str]:
    """One whose /readyz says this; its address."""
    pages: Mapping[str, object] = {
        "/readyz": lambda: {name.replace("_", " "): why for name, why in says.items()}
    }
    with serving(Address("127.0.0.1", 0), CollectorRegistry(), pages) as url:  # type: ignore[arg-type]
        yield urlsplit(url).netloc


def finding(listen: str) -> Finding:
    [question] = looks(Settings(metrics_listen=listen))
    return looked(question.what, question.look)


def test_without_the_setting_nothing_is_looked_at() -> None:
    assert list(looks(Settings())) == []


def test_a_worker_that_is_ready_is_well() -> None:
    with worker(router="") as address:
        found = finding(address)
        assert (found.state, found.found) == (State.OK, f"http://{address}/readyz: ready")
        everywhere = finding(f"0.0.0.0:{address.rpartition(':')[2]}")
        assert everywhere.state is State.OK


def test_what_is_not_ready_is_named() -> None:
    with worker(router="", resumer_1="does not serve", Kafka="does not answer") as address:
        found = finding(address)
    assert found.state is State.WRONG
    assert found.found.endswith(": not ready: resumer 1: does not serve; Kafka: does not answer")


def test_where_nobody_listens_is_worth_a_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = finding(str(port))
    assert (found.state, found.mend) == (
        State.LOOK,
        "start a worker here, or look on the machine where it runs",
    )
    assert f"http://127.0.0.1:{port}/readyz does not answer" in found.found


def test_another_program_there_is_named_as_such() -> None:
    with serving(Address("127.0.0.1", 0), CollectorRegistry(), {}) as url:
        found = finding(urlsplit(url).netloc)
    assert found.state is State.WRONG
    assert found.found.endswith("answers 404")


def test_any_free_port_is_not_asked() -> None:
    assert finding("0").state is State.OK


@pytest.mark.parametrize("host", ["::", "0.0.0.0"])  # noqa: S104 - nobody listens
def test_who_listens_everywhere_is_asked_here(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert {"::": "[::1]", "0.0.0.0": "127.0.0.1"}[host] in finding(str(Address(host, port))).found  # noqa: S104 - as above
