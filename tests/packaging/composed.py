"""docker-compose.yml without Docker: its commands as processes of this machine, each with its own secrets."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plangate.dev.ports import LOOPBACK
from tests.packaging import dockerfile
from tests.packaging.compose_file import ROOT, SECRETS, mounts, services

PROJECT = ROOT / "examples/refunds"
_POSTGRES = "postgres:5432"


def image_environment() -> dict[str, str]:
    """What the Dockerfile sets for Plangate."""
    pairs = (pair.split("=", 1) for line in dockerfile.of("ENV") for pair in line.split())
    return {name: value for name, value in pairs if name.startswith("PLANGATE_")}


@dataclass
class Composed:
    """The services of the file; hosts, ports and folders differ. `here`: addresses by the file's."""

    folder: Path
    here: Mapping[str, str]

    def secrets(self, party: str) -> Path:
        return self.folder / "secrets" / party

    def make_passwords(self) -> None:
        """What the service of that name does; all files are this user's."""
        me = os.getuid()
        folder, *parties = services()["passwords"]["command"]
        assert folder == "/secrets"
        given = [f"{party.partition('=')[0]}={me}" for party in parties]
        self.run("passwords", str(self.folder / "secrets"), *given)

    def postgres_is_at(self, port: int) -> None:
        """Where the files of secrets name it by its name in the networks."""
        for file in (self.folder / "secrets").glob("*/store-url"):
            text = file.read_text()
            assert _POSTGRES in text
            file.write_text(text.replace(_POSTGRES, f"{LOOPBACK}:{port}"))

    def work(self, service: str) -> Path:
        """The folder in which its process works."""
        made = self.folder / "work" / service
        made.mkdir(parents=True, exist_ok=True)
        return made

    def environment(self, service: str) -> dict[str, str]:
        """What a process of a service sees."""
        given = {**image_environment(), **services()[service].get("environment", {})}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PLANGATE_")}
        return {**kept, **{name: self._on_this_machine(service, value) for name, value in given.items()}}

    def _on_this_machine(self, service: str, value: str) -> str:
        value = self.here.get(value, value)
        if party := mounts(service).get(SECRETS, "").removeprefix("secrets-"):
            value = value.replace(SECRETS, str(self.secrets(party)))
        return value.replace("/project", str(self._project(service)))

    def _project(self, service: str) -> Path:
        """Of the project what the service has mounted."""
        mounted = mounts(service)
        if "/project" in mounted:
            return PROJECT
        seen = self.folder / "project" / service
        seen.mkdir(parents=True, exist_ok=True)
        if "/project/catalogue.yaml" in mounted and not (seen / "catalogue.yaml").exists():
            (seen / "catalogue.yaml").symlink_to(PROJECT / "catalogue.yaml")
        return seen

    def _command(self, service: str, command: tuple[str, ...]) -> list[str]:
        of_file = services()[service]
        entry, *first = of_file.get("entrypoint", ["plangate"])
        program = str(Path(sys.executable).with_name(entry))
        rest = command or [self._on_this_machine(service, word) for word in of_file["command"]]
        return [program, *first, *rest]

    def ended(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """A one-shot service, or another command in its place, to its end."""
        return subprocess.run(
            self._command(service, command),
            cwd=self.work(service),
            env=self.environment(service),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def run(self, service: str, *command: str) -> str:
        """The same, which must go well; what it says."""
        done = self.ended(service, *command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_healthy(self, service: str) -> bool:
        """What its health check says, which a shell runs."""
        shell, check = services()[service]["healthcheck"]["test"]
        assert shell == "CMD-SHELL"
        environment = self.environment(service)
        path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["sh", "-c", check],
            cwd=self.work(service),
            env={**environment, "PATH": path},
            capture_output=True,
            check=False,
            timeout=120,
        )
        return done.returncode == 0

    @contextmanager
    def started(self, service: str) -> Iterator[subprocess.Popen[bytes]]:
        """A service that stays."""
        with (self.folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                self._command(service, ()),
                cwd=self.work(service),
                env=self.environment(service),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)
