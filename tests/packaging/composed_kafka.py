"""Apache Kafka with the settings of docker-compose.yml, on free ports and a folder of this machine."""

import re
from functools import cached_property
from pathlib import Path

from plangate.containers.passwords import BROKER
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.ports import LOOPBACK, free_port
from tests.packaging.compose_file import SECRETS, broker_properties, services


class ComposedKafka(ApacheKafka):
    """Only hosts, ports and folders differ from the container's. `secrets`: what is its /run/secrets."""

    def __init__(self, folder: Path, secrets: Path) -> None:
        super().__init__(folder)
        self._secrets = secrets

    @cached_property
    def _here(self) -> dict[str, int]:
        """Ports of this machine by the container's."""
        taken = {"9092": self.port, "9093": self._controller_port}
        for name in ("9094", "19092"):
            taken[name] = free_port(taken=set(taken.values()))
        return taken

    @property
    def containers(self) -> str:
        """Where containers of the networks reach the broker."""
        return f"{LOOPBACK}:{self._here['19092']}"

    @property
    def internal(self) -> str:
        """Where it is reached in its own container alone."""
        return f"{LOOPBACK}:{self._here['9094']}"

    @property
    def client_options(self) -> dict[str, str]:
        """Of its super user."""
        password = (self._secrets / "broker.properties").read_text().strip().removeprefix("password=")
        return {
            "bootstrap.servers": self.internal,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": BROKER,
            "sasl.password": password,
        }

    def _properties(self) -> str:
        wanted = broker_properties(services()["kafka"]["environment"])
        wanted = {name: self._on_this_machine(value) for name, value in wanted.items()}
        wanted["log.dirs"] = str(self.folder / "data")
        return "".join(f"{name}={value}\n" for name, value in wanted.items())

    def _on_this_machine(self, value: str) -> str:
        found = re.sub(
            r"(://|@)[\w.]*:(\d+)", lambda place: f"{place[1]}{LOOPBACK}:{self._here[place[2]]}", value
        )
        return found.replace(SECRETS, str(self._secrets))
