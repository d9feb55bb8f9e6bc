"""librdkafka's options as Faust's settings."""

import datetime
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stream_apps.errors import KafkaOptionError
from stream_apps.kafka_options import credentials, faust_settings
from stream_apps.producer_options import producer_options

PLAIN = {"bootstrap.servers": "h1:9092, h2:9092"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, with its key under a password."""
    folder = tmp_path_factory.mktemp("tls")
    made: list[str | Path] = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    command: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=localhost"]
    command += ["-passout", "pass:hunter2", *made]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_brokers_and_group_settings_have_their_counterparts() -> None:
    settings = faust_settings(
        {
            **PLAIN,
            "session.timeout.ms": "6000",
            "auto.offset.reset": "smallest",
            "client.id": "me",
            "linger.ms": 3,
        }
    )
    assert settings["broker"] == "kafka://h1:9092;kafka://h2:9092"
    assert settings["broker_session_timeout"] == 6.0
    assert settings["consumer_auto_offset_reset"] == "earliest"
    assert settings["broker_client_id"] == "me"
    assert settings["broker_credentials"] is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "sasl_ssl"])
def test_a_name_and_password_are_carried_over_and_not_shown(mechanism: str, protocol: str) -> None:
    options = {"security.protocol": protocol, "sasl.mechanism": mechanism}
    found: Any = credentials({**options, "sasl.username": "me", "sasl.password": "s3cret"})
    assert (found.username, found.password, found.mechanism.value) == ("me", "s3cret", mechanism)
    assert found.protocol.value == protocol.upper()
    assert "s3cret" not in repr(found)


async def test_a_token_comes_from_the_callback_of_the_other_client() -> None:
    asked = []

    def callback(config: str) -> tuple[str, float]:
        asked.append(config)
        return "a-token", datetime.datetime.now(datetime.UTC).timestamp() + 60

    options = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "OAUTHBEARER", "oauth_cb": callback}
    found: Any = credentials({**options, "sasl.oauthbearer.config": "scope=x"})
    assert await found.oauth_cb.token() == "a-token"
    assert asked == ["scope=x"]


def test_a_token_that_settings_cannot_bring_is_no_advice() -> None:
    with pytest.raises(KafkaOptionError, match="use SCRAM or a client certificate"):
        credentials({"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"})


def test_certificates_keys_and_verification_are_those_of_the_options(certificate: Path) -> None:
    options = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(certificate / "cert.pem"),
        "ssl.certificate.location": str(certificate / "cert.pem"),
        "ssl.key.pem": (certificate / "key.pem").read_text(),
        "ssl.key.password": "hunter2",
    }
    strict: Any = credentials(options)
    assert strict.context.check_hostname
    assert strict.context.verify_mode is ssl.CERT_REQUIRED
    lax: Any = credentials({**options, "ssl.endpoint.identification.algorithm": "none"})
    assert not lax.context.check_hostname
    assert lax.context.verify_mode is ssl.CERT_REQUIRED


def test_a_trusted_authority_replaces_the_systems(certificate: Path) -> None:
    found: Any = credentials({"security.protocol": "SSL", "ssl.ca.location": str(certificate / "cert.pem")})
    assert [each["subject"] for each in found.context.get_ca_certs()] == [((("commonName", "localhost"),),)]


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({}, "bootstrap.servers"),
        ({**PLAIN, "security.protocol": "TLS"}, "security.protocol"),
        ({**PLAIN, "security.protocol": "SASL_SSL"}, "sasl.mechanisms"),
        ({**PLAIN, "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}, "sasl.username"),
        (
            {**PLAIN, "security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"},
            "sasl.oauthbearer.method",
        ),
        ({**PLAIN, "security.protocol": "SSL", "ssl.keystore.location": "x.p12"}, "ssl.keystore.location"),
        ({**PLAIN, "security.protocol": "SSL", "ssl.ca.location": "/no/such"}, "ssl.ca.location"),
        ({**PLAIN, "group.protocol": "consumer"}, "group.protocol"),
        ({**PLAIN, "isolation.level": "read_uncommitted"}, "isolation.level"),
        ({**PLAIN, "compression.type": "brotli"}, "compression.type"),
        ({**PLAIN, "session.timeout.ms": "soon"}, "session.timeout.ms"),
    ],
)
def test_what_faust_cannot_do_is_one_clear_error(options: dict[str, Any], option: str) -> None:
    with pytest.raises(KafkaOptionError) as found:
        faust_settings(options)
    assert found.value.option == option
    assert option in str(found.value)


def test_a_wrong_key_password_is_named_without_being_shown(certificate: Path) -> None:
    options = {
        "security.protocol": "SSL",
        "ssl.certificate.location": str(certificate / "cert.pem"),
        "ssl.key.location": str(certificate / "key.pem"),
        "ssl.key.password": "wrong-secret",
    }
    with pytest.raises(KafkaOptionError, match=r"ssl\.certificate\.location") as found:
        credentials(options)
    assert "wrong-secret" not in str(found.value)


def test_the_producer_gets_all_but_what_concerns_consumers() -> None:
    options = {**PLAIN, "session.timeout.ms": 1, "fetch.min.bytes": 1, "compression.type": "zstd"}
    assert producer_options(options) == {**PLAIN, "compression.type": "zstd"}
