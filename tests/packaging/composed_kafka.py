"""Apache Kafka with the settings of docker-compose.yml, on free ports and a folder of this machine."""

import re
from pathlib import Path

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.ports import LOOPBACK, free_port
from tests.packaging.compose_file import broker_properties, services


class ComposedKafka(ApacheKafka):
    """Only hosts, ports and the data folder differ from the container's."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        super().__init__(folder, port)
        taken = {self.port, self._controller_port}
        self._ports = {"9092": self.port, "9093": self._controller_port, "19092": free_port(taken=taken)}

    @property
    def containers(self) -> str:
        """Where containers of the network reach the broker."""
        return f"{LOOPBACK}:{self._ports['19092']}"

    def _properties(self) -> str:
        wanted = broker_properties(services()["kafka"]["environment"])
        wanted |= {name: self._here(value) for name, value in wanted.items() if ":" in value}
        wanted["log.dirs"] = str(self.folder / "data")
        return "".join(f"{name}={value}\n" for name, value in wanted.items())

    def _here(self, addresses: str) -> str:
        return re.sub(
            r"(://|@)[\w.]*:(\d+)", lambda found: f"{found[1]}{LOOPBACK}:{self._ports[found[2]]}", addresses
        )
