"""librdkafka's ssl.* options as an SSL context."""

import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stream_apps.errors import KafkaOptionError

_KNOWN = {
    "ssl.ca.location", "ssl.ca.pem", "ssl.certificate.location", "ssl.certificate.pem", "ssl.key.location",
    "ssl.key.pem", "ssl.key.password", "ssl.cipher.suites", "ssl.crl.location",
    "ssl.endpoint.identification.algorithm",
}  # fmt: skip


def tls_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    """The context that the ssl.* options describe. Raises KafkaOptionError, without any secret in it."""
    _refuse_the_unknown(options)
    location = options.get("ssl.ca.location")
    own = "ssl.ca.pem" in options or location not in (None, "", "probe")  # who names one trusts no other
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if own else ssl.create_default_context()
    _trust(context, options)
    _verify(context, options)
    _identify(context, options)
    if "ssl.cipher.suites" in options:
        with _as_option_error("ssl.cipher.suites"):
            context.set_ciphers(options["ssl.cipher.suites"])
    return context


def _refuse_the_unknown(options: Mapping[str, Any]) -> None:
    for name in options:
        if name.startswith("ssl.") and name not in _KNOWN:
            mend = "use PEM files: ssl.ca.location, ssl.certificate.location, ssl.key.location"
            raise KafkaOptionError(name, "the workers have no counterpart for it", mend)


def _trust(context: ssl.SSLContext, options: Mapping[str, Any]) -> None:
    location = options.get("ssl.ca.location")
    if location and location != "probe":
        with _as_option_error("ssl.ca.location"):
            is_folder = Path(location).is_dir()
            context.load_verify_locations(**{"capath" if is_folder else "cafile": str(location)})
    if pem := options.get("ssl.ca.pem"):
        with _as_option_error("ssl.ca.pem"):
            context.load_verify_locations(cadata=pem)
    if crl := options.get("ssl.crl.location"):
        with _as_option_error("ssl.crl.location"):
            context.load_verify_locations(cafile=str(crl))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _verify(context: ssl.SSLContext, options: Mapping[str, Any]) -> None:
    if str(options.get("ssl.endpoint.identification.algorithm", "https")).lower() == "none":
        context.check_hostname = False
    if str(options.get("enable.ssl.certificate.verification", "true")).lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE


def _identify(context: ssl.SSLContext, options: Mapping[str, Any]) -> None:
    with _file(options, "ssl.certificate") as certificate, _file(options, "ssl.key") as key:
        if certificate is None:
            if key is not None:
                raise KafkaOptionError(
                    "ssl.key.location", "a key without a certificate", "name the certificate"
                )
            return
        with _as_option_error("ssl.certificate.location"):
            # An empty password, never None: OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate, key, password=str(options.get("ssl.key.password", "")))


@contextmanager
def _file(options: Mapping[str, Any], name: str) -> Iterator[str | None]:
    """The file behind `name`; a PEM text gets one, readable by us alone, for as long as it is loaded."""
    pem = options.get(f"{name}.pem")
    if pem is None:
        yield options.get(f"{name}.location")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        yield file.name


@contextmanager
def _as_option_error(option: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        problem = (
            f"{type(error).__name__}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        )
        raise KafkaOptionError(option, problem, "check the file, its format and the key's password") from None
