"""Credentials are changed while plans go on: part by part, by a second login; the first is refused then."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from psycopg import sql

from gate_store.roles.roles import Role
from plangate.dev.postgres import PostgresServer
from plangate.kafka.acls import Grant, apply, remove
from plangate.kafka.clients import KafkaRefusesError, admin, cluster
from plangate.kafka.roles import Role as KafkaRole
from plangate.kafka.roles import rights_of
from plangate.settings import Settings
from tests.forked import COMMAND, Forked
from tests.rights.house import WORKERS, House, prepared
from tests.rights.logins import logins_on
from tests.rights.secured import Secured
from tests.secured_kafka import TLS, SecuredKafka

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_SCRAM = ScramMechanism.SCRAM_SHA_512


@dataclass(frozen=True)
class Login:
    """Of a part: a user of Kafka and one of PostgreSQL."""

    part: str
    user: str
    password: str
    store_url: str

    def grants(self, prefix: str) -> list[Grant]:
        """What it needs on Kafka."""
        role = KafkaRole(self.part)
        return [Grant(role, f"User:{self.user}", right) for right in rights_of(role, prefix)]


class Rotating:
    """The three workers, whose passwords stand in files."""

    def __init__(self, house: House, running: ExitStack) -> None:
        self.house, self._running = house, running
        self._secured, self._admin = house.secured, house.secured.settings("admin")
        self.processes: dict[str, Forked] = {}

    def make(self, part: str, name: str) -> Login:
        """A user of each that has the rights of this part."""
        login = Login(
            part,
            f"{self._secured.prefix}{part}-{name}",
            token_hex(8),
            self.house.logins.url_of(Role(part), name),
        )
        how = ScramCredentialInfo(_SCRAM, 4096)
        self._alter(UserScramCredentialUpsertion(login.user, how, login.password.encode()))
        apply(self._admin, login.grants(self._secured.prefix))
        return login

    def withdraw(self, login: Login) -> None:
        """Its rights, then itself."""
        assert all(remove(self._admin, login.grants(self._secured.prefix)).values())
        assert not cluster(self.settings(login)).topics
        self._alter(UserScramCredentialDeletion(login.user, _SCRAM))
        name = psycopg.conninfo.conninfo_to_dict(login.store_url)["user"]
        self.house.logins.run("DROP ROLE {}", sql.Identifier(str(name)))
        self.house.logins.made.remove(str(name))

    def settings(self, login: Login) -> Settings:
        """Of a client that is such a user."""
        options = self._secured.kafka.options_of("router", TLS)
        return Settings(kafka={**options, "sasl.username": login.user, "sasl.password": login.password})

    def start(self, login: Login) -> None:
        """A worker that reads this login from files."""
        folder, part = self.house.folder, login.part
        files = {
            "PLANGATE_STORE_URL_FILE": (folder / f"{part}.url", login.store_url),
            "PLANGATE_KAFKA_SASL_PASSWORD_FILE": (folder / f"{part}.password", login.password),
        }
        for file, text in files.values():
            file.write_text(text)
        environment = dict(self.house.as_(part).variables)
        for name in files:
            del environment[name.removesuffix("_FILE")]
        environment |= {name: str(file) for name, (file, _) in files.items()}
        environment["PLANGATE_KAFKA_SASL_USERNAME"] = login.user
        log = folder / f"{part}.log"
        process = Forked(
            COMMAND, "worker", "--only", part, folder=folder, environment=environment, out=log, err=log
        )
        self._running.callback(process.kill)
        self.processes[part] = process

    def stop(self, part: str) -> None:
        """Cleanly, as an operator does."""
        self.processes[part].terminate()
        assert self.processes[part].wait(60) == 0, (self.house.folder / f"{part}.log").read_text()[-3000:]

    def _alter(self, change: UserScramCredentialUpsertion | UserScramCredentialDeletion) -> None:
        client = admin(self._admin)  # whose answers end with it
        for future in client.alter_user_scram_credentials([change]).values():
            future.result(30)


@pytest.fixture
def rotating(
    secured_kafka: SecuredKafka, postgres_server: PostgresServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Rotating]:
    with logins_on(postgres_server) as logins, ExitStack() as running:
        house = prepared(House(Secured(secured_kafka, topic_prefix), logins, tmp_path, by_certificate=()))
        yield Rotating(house, running)


@pytest.mark.slow
def test_a_second_login_takes_the_place_of_the_first_part_by_part_and_nothing_is_lost_or_done_twice(
    rotating: Rotating,
) -> None:
    agent = rotating.house.without_kafka()
    first = {part: rotating.make(part, "first") for part in WORKERS}
    for login in first.values():
        rotating.start(login)
    agent.submit("before", "note", {"text": "hello"})
    assert agent.ended("before") == "DONE"
    for part in WORKERS:
        second = rotating.make(part, "second")
        agent.submit(f"in hand of {part}", "note", {"text": "hello"})
        rotating.stop(part)
        agent.submit(f"without {part}", "note", {"text": "hello"})
        rotating.start(second)
        rotating.withdraw(first[part])
    runs = [f"{when} {part}" for part in WORKERS for when in ("in hand of", "without")]
    assert [agent.ended(run) for run in runs] == ["DONE"] * len(runs)
    agent.submit("after", "note", {"text": "hello"})
    assert agent.ended("after") == "DONE"
    for part in WORKERS:
        rotating.stop(part)
        with pytest.raises(KafkaRefusesError, match="does not take our login"):
            cluster(rotating.settings(first[part]))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(first[part].store_url)
    told = (agent.folder / "done.txt").read_text().splitlines()
    assert sorted(line.rpartition(" s1 ")[0] for line in told) == sorted(["before", *runs, "after"])
    assert rotating.house.troubles() == []
