"""Apache Kafka 4 in a child process: one KRaft node on 127.0.0.1, its jars resolved by Maven.

Where `users` are named it lets nobody else in, and allows each what an ACL says; `ADMIN` may do all.
"""

import json
import secrets
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from plangate.dev import maven, topics
from plangate.dev.errors import DevServiceError
from plangate.dev.java import find_java
from plangate.dev.ports import LOOPBACK, free_port
from plangate.dev.processes import ChildProcess
from plangate.dev.service import DevService

_NAME = "Apache Kafka"
_POM = Path(__file__).with_name("pom.xml")
_HEAP = ["-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1"]
_DEFAULT_PARTITIONS = 6

ADMIN = "admin"
_SCRAM = "SCRAM-SHA-512"

_LOG4J = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""
# One line for each right that somebody asked for.
_LOG4J_OF_RIGHTS = """\
logger.auth.name = kafka.authorizer.logger
logger.auth.level = debug
"""


class ApacheKafka(DevService):
    """A broker that keeps its records below `folder`; topics must be created before they are used.

    `users` are those of its first start; their passwords lie in `folder`.
    """

    def __init__(self, folder: Path, port: int | None = None, users: Collection[str] = ()) -> None:
        super().__init__(folder)
        self.port = port or free_port()
        self._users = sorted({ADMIN, *users}) if users else []
        self._controller_port = free_port(taken={self.port})
        self._admin: AdminClient | None = None

    @property
    def bootstrap_servers(self) -> str:
        """What clients connect to: `127.0.0.1:PORT`, the same over restarts."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def client_options(self) -> dict[str, str]:
        """librdkafka's options of a client that may do everything."""
        return self.options_of(ADMIN) if self._passwords else {"bootstrap.servers": self.bootstrap_servers}

    def options_of(self, user: str) -> dict[str, str]:
        """librdkafka's options of one of `users`."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": _SCRAM,
            "sasl.username": user,
            "sasl.password": self._passwords[user],
        }

    @cached_property
    def _passwords(self) -> dict[str, str]:
        file = self.folder / "passwords.json"
        if self._users and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)
            file.write_text(json.dumps({name: secrets.token_hex(8) for name in self._users}))
        return dict(json.loads(file.read_text())) if self._users else {}

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "kafka.log"

    @property
    def version(self) -> str:
        """The version of Apache Kafka that is run."""
        return maven.version_in(_POM)

    def create_topics(self, *names: str, partitions: int = _DEFAULT_PARTITIONS) -> None:
        """Create the topics that do not exist yet and wait until the broker serves them."""
        topics.create(self.client_options, names, partitions)

    def _launch(self) -> ChildProcess:
        java = find_java(_NAME)
        classpath = f"{maven.resolve(_NAME, _POM)}/*"
        (self.folder / "log4j2.properties").write_text(_LOG4J + (_LOG4J_OF_RIGHTS if self._passwords else ""))
        (self.folder / "server.properties").write_text(self._properties())
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        command = [java, *_HEAP, logging, "-cp", classpath]
        self._format_once(command)
        return ChildProcess(_NAME, [*command, "kafka.Kafka", self.folder / "server.properties"], log=self.log)

    def _is_ready(self) -> bool:
        self._admin = self._admin or topics.quiet_admin(self.client_options)
        try:
            ready = bool(self._admin.list_topics(timeout=1).brokers)
        except KafkaException:
            return False
        if ready:
            self._admin = None
        return ready

    def _format_once(self, java: list[str]) -> None:
        data = self.folder / "data"
        if (data / "meta.properties").exists():
            return
        cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        arguments = ["format", "-t", cluster_id, "-c", str(self.folder / "server.properties")]
        for name, password in self._passwords.items():
            arguments += ["--add-scram", f"{_SCRAM}=[name={name},password={password}]"]
        done = subprocess.run(  # noqa: S603 - our own command line
            [*java, "kafka.tools.StorageTool", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DevServiceError(_NAME, f"cannot format {data}", f"{done.stdout}{done.stderr}".strip())

    def _properties(self) -> str:
        who_may = self._properties_of_rights() if self._passwords else ""
        protocol = "SASL_PLAINTEXT" if self._passwords else "PLAINTEXT"
        return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{LOOPBACK}:{self._controller_port}
listeners={protocol}://{self.bootstrap_servers},CONTROLLER://{LOOPBACK}:{self._controller_port}
advertised.listeners={protocol}://{self.bootstrap_servers}
controller.listener.names=CONTROLLER
inter.broker.listener.name={protocol}
log.dirs={self.folder / "data"}
num.partitions={_DEFAULT_PARTITIONS}
# As in production: a topic that nobody created is an error, not a surprise.
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# After SIGKILL the controller lets the broker back in only when its old session has run out (default 9 s).
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
log.cleaner.dedupe.buffer.size=16777216
{who_may}"""

    def _properties_of_rights(self) -> str:
        """The broker is a user, too: of the controller by PLAIN, which works before it knows its users."""
        security, password = "org.apache.kafka.common.security", self._passwords[ADMIN]
        scram = f'{security}.scram.ScramLoginModule required username="{ADMIN}" password="{password}"'
        plain = f'{security}.plain.PlainLoginModule required username="{ADMIN}" password="{password}"'
        return f"""\
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.enabled.mechanisms={_SCRAM}
sasl.mechanism.inter.broker.protocol={_SCRAM}
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config={scram};
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} user_{ADMIN}="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{ADMIN}
allow.everyone.if.no.acl.found=false
"""
