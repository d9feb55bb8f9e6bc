"""Whether the worker that has an endpoint on this host answers there, and what it says of itself."""

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from plangate.cli.doctor.finding import Found, Question, look, wrong
from plangate.listening import LOOPBACK, Address
from plangate.settings import Settings

_WITHIN_S = 10.0  # the worker itself waits for Kafka and the store
_LONGEST = 2_000  # bytes that are read
_EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - where to ask whoever listens everywhere
_HERE = "start a worker here, or look on the machine where it runs"
_OTHER = "another program listens there: set PLANGATE_METRICS_LISTEN to another address"


def looks(settings: Settings) -> Iterator[Question]:
    """Its /readyz, where PLANGATE_METRICS_LISTEN names a place."""
    if address := settings.metrics_address:
        yield Question("metrics endpoint", partial(_ready, address))


def _ready(address: Address) -> Found | str:
    if address.port == 0:
        return "on any free port, which the worker's log names"
    asked = Address(_EVERYWHERE.get(address.host, address.host), address.port)
    url = f"http://{asked}/readyz"
    try:
        status, said = _asked(asked)
    except OSError as error:
        return look(f"{url} does not answer: {error.strerror or error}", _HERE)
    except HTTPException as error:
        return wrong(f"{url} does not speak HTTP: {type(error).__name__}", _OTHER)
    if status == HTTPStatus.OK:
        return f"{url}: ready"
    if status != HTTPStatus.SERVICE_UNAVAILABLE:
        return wrong(f"{url} answers {status}", _OTHER)
    troubles = [line for line in said.splitlines() if not line.endswith(": ok")]
    return wrong(f"{url}: not ready: {'; '.join(troubles)}", "see the log of that worker")


def _asked(address: Address) -> tuple[int, str]:
    connection = HTTPConnection(address.host, address.port, timeout=_WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST).decode(errors="replace")
    finally:
        connection.close()
