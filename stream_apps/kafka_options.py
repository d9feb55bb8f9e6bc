"""librdkafka's options as Faust's settings, so that one set of options serves both clients."""

from collections.abc import Mapping
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from stream_apps.errors import KafkaOptionError
from stream_apps.oauth import oauth_credentials
from stream_apps.tls import tls_context

_SECONDS = {
    "session.timeout.ms": "broker_session_timeout",
    "heartbeat.interval.ms": "broker_heartbeat_interval",
    "max.poll.interval.ms": "broker_max_poll_interval",
}
_WORDS = {"client.id": "broker_client_id", "auto.offset.reset": "consumer_auto_offset_reset"}
_NUMBERS = {
    "max.partition.fetch.bytes": "consumer_max_fetch_size",
    "metadata.max.age.ms": "consumer_metadata_max_age_ms",
    "connections.max.idle.ms": "consumer_connections_max_idle_ms",
}
_FETCH_WAIT, _FETCH_WAIT_MS = "fetch.wait.max.ms", 500  # librdkafka's default
_OFFSET_RESETS = {"smallest": "earliest", "beginning": "earliest", "largest": "latest", "end": "latest"}
_PASSWORD_MECHANISMS = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
_PROTOCOLS = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}


def faust_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Faust's settings for librdkafka's options; what concerns producers alone is left out.

    Raises KafkaOptionError for what Faust cannot do or what would be less safe without it.
    """
    _refuse_the_impossible(options)
    settings: dict[str, Any] = {"broker": _brokers(options), "broker_credentials": credentials(options)}
    settings |= {
        theirs: _number(options, ours) / 1000 for ours, theirs in _SECONDS.items() if ours in options
    }
    settings |= {theirs: _number(options, ours) for ours, theirs in _NUMBERS.items() if ours in options}
    settings |= {theirs: str(options[ours]) for ours, theirs in _WORDS.items() if ours in options}
    reset = settings.get("consumer_auto_offset_reset")
    if reset in _OFFSET_RESETS:
        settings["consumer_auto_offset_reset"] = _OFFSET_RESETS[reset]
    return settings


def fetch_wait_ms(options: Mapping[str, Any]) -> int:
    """How long a broker may hold a fetch that finds nothing. Raises KafkaOptionError."""
    return _number({_FETCH_WAIT: _FETCH_WAIT_MS, **options}, _FETCH_WAIT)


def credentials(options: Mapping[str, Any]) -> CredentialsT | None:
    """How Faust shows who it is; None for plain text. Raises KafkaOptionError."""
    protocol = str(options.get("security.protocol", "PLAINTEXT")).upper()
    if protocol not in _PROTOCOLS:
        raise KafkaOptionError(
            "security.protocol", f"{protocol} is unknown", f"use one of {sorted(_PROTOCOLS)}"
        )
    context = tls_context(options) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL"):
        return _sasl(options, context)
    return SSLCredentials(context) if context else None


def _sasl(options: Mapping[str, Any], context: Any) -> CredentialsT:
    name = "sasl.mechanism" if "sasl.mechanism" in options else "sasl.mechanisms"
    mechanism = str(options.get(name, "GSSAPI")).upper()
    if mechanism == "OAUTHBEARER":
        return oauth_credentials(options, context)
    if mechanism not in _PASSWORD_MECHANISMS:
        known = ", ".join(sorted([*_PASSWORD_MECHANISMS, "OAUTHBEARER"]))
        raise KafkaOptionError(name, f"{mechanism} is not supported by the workers", f"use one of {known}")
    for needed in ("sasl.username", "sasl.password"):
        if not options.get(needed):
            raise KafkaOptionError(needed, f"is missing, and {mechanism} needs it", "set it")
    return SASLCredentials(
        username=options["sasl.username"],
        password=options["sasl.password"],
        ssl_context=context,
        mechanism=mechanism,
    )


def _number(options: Mapping[str, Any], name: str) -> int:
    try:
        return int(options[name])
    except ValueError:
        raise KafkaOptionError(name, f"{options[name]!r} is no whole number", "give one") from None


def _brokers(options: Mapping[str, Any]) -> str:
    servers = options.get("bootstrap.servers") or options.get("metadata.broker.list")
    if not servers:
        raise KafkaOptionError("bootstrap.servers", "is missing", "name at least one HOST:PORT")
    hosts = [server.rpartition("://")[2].strip() for server in str(servers).split(",") if server.strip()]
    return ";".join(f"kafka://{host}" for host in hosts)


def _refuse_the_impossible(options: Mapping[str, Any]) -> None:
    if str(options.get("group.protocol", "classic")).lower() != "classic":
        raise KafkaOptionError(
            "group.protocol", "the workers speak the classic protocol alone", "leave it out"
        )
    for name in ("compression.type", "compression.codec"):  # one is the other's alias
        if (codec := str(options.get(name, "none")).lower()) not in _CODECS:
            raise KafkaOptionError(
                name, f"{codec} is no codec of Kafka's", f"use one of {', '.join(_CODECS)}"
            )
    level = str(options.get("isolation.level", "read_committed")).lower()
    if level != "read_committed":
        problem = f"{level} would run plans whose transaction was aborted"
        raise KafkaOptionError(
            "isolation.level", problem, "leave it out: the workers read committed records only"
        )
