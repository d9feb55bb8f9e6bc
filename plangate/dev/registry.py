"""Apicurio Registry in a child process: a schema registry with Confluent's REST API, in memory only."""

import urllib.error
import urllib.request
from pathlib import Path

from plangate.dev import maven
from plangate.dev.java import find_java
from plangate.dev.ports import LOOPBACK, free_port
from plangate.dev.processes import ChildProcess
from plangate.dev.service import DevService

_NAME = "Apicurio Registry"
_POM = Path(__file__).with_name("registry-pom.xml")
_HEAP = ["-Xmx256m", "-XX:TieredStopAtLevel=1"]


class SchemaRegistry(DevService):
    """A registry that forgets when it stops; set compatibility per subject, the global default is NONE."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        super().__init__(folder)
        self.port = port or free_port()
        self._management_port = free_port(taken={self.port})

    @property
    def url(self) -> str:
        """The base address for clients of Confluent's API, ending in /apis/ccompat/v7."""
        return f"http://{LOOPBACK}:{self.port}/apis/ccompat/v7"

    @property
    def version(self) -> str:
        """The version of Apicurio Registry that is run."""
        return maven.version_in(_POM)

    def _launch(self) -> ChildProcess:
        java = find_java(_NAME)
        software = maven.resolve(_NAME, _POM)
        settings = {
            "quarkus.http.host": LOOPBACK,
            "quarkus.http.port": self.port,
            # Otherwise it listens on every address.
            "quarkus.management.host": LOOPBACK,
            "quarkus.management.port": self._management_port,
        }
        jar = software / f"apicurio-registry-app-{self.version}-runner.jar"
        options = [f"-D{key}={value}" for key, value in settings.items()]
        command = [java, *_HEAP, *options, "-jar", str(jar)]
        return ChildProcess(_NAME, command, log=self.folder / "registry.log")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=2) as answer:  # noqa: S310 - our own http URL
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False
