"""A broker that holds everybody to ACLs, by password or by certificate, with TLS and without."""

import json
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.ports import LOOPBACK, free_port
from plangate.dev.processes import ChildProcess
from tests.certificates import Authority

PLAIN, TLS, CERTIFICATE = "SASL_PLAINTEXT", "SASL_SSL", "SSL"
HOST = "localhost"  # in the broker's certificate, and nothing else


class SecuredKafka(ApacheKafka):
    """Three listeners, on which the same name is the same user.

    The PEM files lie in `tls`: `ca.pem`, `other-ca.pem`, and of each user `NAME.pem` and `NAME.key`; the
    other CA signed those of `nobody`.
    """

    def __init__(self, folder: Path, port: int | None, users: Collection[str]) -> None:
        super().__init__(folder, port, users)
        self.tls = self.folder / "tls"

    @cached_property
    def _ports(self) -> dict[str, int]:
        """Of the listeners with TLS; who joins a broker that runs finds them in its folder."""
        file = self.folder / "tls-ports.json"
        if not file.exists():
            first = free_port(taken={self.port, self._controller_port})
            second = free_port(taken={self.port, self._controller_port, first})
            file.write_text(json.dumps({TLS: first, CERTIFICATE: second}))
        return dict(json.loads(file.read_text()))

    def options_of(self, user: str, protocol: str = PLAIN) -> dict[str, str]:
        """librdkafka's options of one of the users."""
        known = super().options_of(user)
        if protocol == PLAIN:
            return known
        options = {
            **known,
            "bootstrap.servers": f"{HOST}:{self._ports[protocol]}",
            "security.protocol": protocol,
            "ssl.ca.location": str(self.tls / "ca.pem"),
        }
        return options if protocol == TLS else {**_without_password(options), **self.certificate_of(user)}

    def certificate_of(self, user: str) -> dict[str, str]:
        """librdkafka's options that show it."""
        return {
            "ssl.certificate.location": str(self.tls / f"{user}.pem"),
            "ssl.key.location": str(self.tls / f"{user}.key"),
        }

    def _launch(self) -> ChildProcess:
        if not self.tls.exists():
            self._make_certificates()
        return super()._launch()

    def _make_certificates(self) -> None:
        self.tls.mkdir()
        ours, other = Authority("the right CA"), Authority("another CA")
        (self.tls / "ca.pem").write_bytes(ours.pem)
        (self.tls / "other-ca.pem").write_bytes(other.pem)
        certificate, key = ours.issue("broker", [HOST])
        (self.tls / "broker.pem").write_bytes(key + certificate)
        issued = {**{user: ours.issue(user) for user in self._users}, "nobody": other.issue("nobody")}
        for name, (certificate, key) in issued.items():
            (self.tls / f"{name}.pem").write_bytes(certificate)
            (self.tls / f"{name}.key").write_bytes(key)

    def _properties(self) -> str:
        """Of a name that is said twice the later counts."""
        inner, tls, certificate = self.bootstrap_servers, self._ports[TLS], self._ports[CERTIFICATE]
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        return f"""\
{super()._properties()}
listeners={PLAIN}://{inner},TLS://{LOOPBACK}:{tls},MTLS://{LOOPBACK}:{certificate},\
CONTROLLER://{LOOPBACK}:{self._controller_port}
advertised.listeners={PLAIN}://{inner},TLS://{HOST}:{tls},MTLS://{HOST}:{certificate}
listener.security.protocol.map={PLAIN}:{PLAIN},TLS:SASL_SSL,MTLS:SSL,CONTROLLER:SASL_PLAINTEXT
listener.name.tls.scram-sha-512.sasl.jaas.config={module} required;
listener.name.mtls.ssl.client.auth=required
listener.name.mtls.ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT
ssl.keystore.type=PEM
ssl.keystore.location={self.tls / "broker.pem"}
ssl.truststore.type=PEM
ssl.truststore.location={self.tls / "ca.pem"}
"""


def _without_password(options: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if not name.startswith("sasl.")}
