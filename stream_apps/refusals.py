"""Why Kafka does not let a client in, in words for whoever operates it, with the mend.

librdkafka's answer is "Broker transport failure", whatever the cause. What it notes beside that tells more,
and of TLS a handshake of our own.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError

from stream_apps.tls import tls_context

_HANDSHAKE_S = 3.0
_ANOTHER_HOST = {62, 64}  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and ..._IP_ADDRESS_MISMATCH


class Refusal(NamedTuple):
    """What the broker does not accept, what was said, and the mend."""

    problem: str
    said: str
    mend: str

    def __str__(self) -> str:
        return f"{self.problem} ({self.said}); {self.mend}" if self.said else f"{self.problem}; {self.mend}"


_LOGIN = Refusal("Kafka does not take our login", "", "set sasl.username and sasl.password")
_MECHANISM = Refusal(
    "Kafka does not know our SASL mechanism", "", "set sasl.mechanism to one that it supports"
)
_CA = Refusal("Kafka's certificate is of no CA that we trust", "", "set ssl.ca.location to its CA's file")
_HOST = Refusal(
    "Kafka's certificate is for another host",
    "",
    "name the broker in bootstrap.servers as its certificate does",
)
_UNVERIFIED = Refusal(f"{_CA.problem}, or for another host", "", f"{_CA.mend}, or {_HOST.mend}")
_CERTIFICATE = Refusal(
    "Kafka does not take our client certificate, or misses it",
    "",
    "set ssl.certificate.location and ssl.key.location to a certificate of a CA that it trusts",
)
_NO_TLS = Refusal(
    "Kafka speaks no TLS there",
    "",
    "set security.protocol to SASL_PLAINTEXT or PLAINTEXT, or name its TLS port in bootstrap.servers",
)
_TLS = Refusal("Kafka speaks TLS there", "", "set security.protocol to SASL_SSL or SSL")
_HANGS_UP = Refusal(
    "who listens there hangs up on us",
    "",
    "see that Kafka runs behind it, and set security.protocol to its listener's: SASL_SSL or SASL_PLAINTEXT "
    "with a login, SSL with a client certificate",
)
_WORDS = (
    (KafkaError._AUTHENTICATION, "mechanism handshake failed", _MECHANISM),
    (KafkaError._AUTHENTICATION, "", _LOGIN),
    (KafkaError._SSL, "verify failed", _UNVERIFIED),
    (KafkaError._SSL, "alert", _CERTIFICATE),
    (KafkaError._TRANSPORT, "tls alert", _CERTIFICATE),
    (KafkaError._TRANSPORT, "PLAINTEXT broker listener", _NO_TLS),
)


def refusal_of(error: KafkaError) -> Refusal | None:
    """What one of a client's errors means; None: it does not say that we are not let in."""
    said = error.str()
    for code, words, refusal in _WORDS:
        if error.code() == code and words in said:
            return refusal._replace(said=_cause(said))
    return None


def why_refused(errors: Sequence[KafkaError], options: Mapping[str, Any]) -> Refusal | None:
    """Why a client with these options hears these errors; None: no refusal, or another broker may take it.

    Raises KafkaOptionError.
    """
    codes = {error.code() for error in errors}
    if KafkaError._ALL_BROKERS_DOWN not in codes:
        return None
    found = next((found for error in errors if (found := refusal_of(error))), None)
    if found and found.problem != _UNVERIFIED.problem:
        return found
    tried = next((tried for server in _servers(options) if (tried := _tried(*server, options))), None)
    hung_up = len(codes) == 1  # else something else is the matter, or it only starts
    return found if tried is None or (tried == _HANGS_UP and not hung_up) else tried


def _cause(said: str) -> str:
    """Without addresses in front and times behind, which change from one attempt to the next."""
    return said.partition("/bootstrap: ")[2].partition(" (after")[0] or said.partition(" (after")[0]


def _servers(options: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for server in str(options["bootstrap.servers"]).split(","):
        host, _, port = server.rpartition("://")[2].strip().rpartition(":")
        if host and port.isdigit():
            yield host.strip("[]"), int(port)


def _tried(host: str, port: int, options: Mapping[str, Any]) -> Refusal | None:
    """What a handshake with that broker shows; None: it is not there, or does not answer."""
    ours = str(options.get("security.protocol", "PLAINTEXT")).upper().endswith("SSL")
    context = tls_context(options) if ours else _trusting()
    try:
        connection = socket.create_connection((host, port), _HANDSHAKE_S)
    except OSError:
        return None
    with connection:
        try:
            context.wrap_socket(connection, server_hostname=host).close()
        except ssl.SSLCertVerificationError as error:
            return (_HOST if error.verify_code in _ANOTHER_HOST else _CA)._replace(said=error.verify_message)
        except TimeoutError:
            return None
        except OSError:
            return _NO_TLS if ours else _HANGS_UP
    return _HANGS_UP if ours else _TLS


def _trusting() -> ssl.SSLContext:
    """For the question whether TLS is spoken; nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
