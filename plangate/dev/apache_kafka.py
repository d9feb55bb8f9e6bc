"""Apache Kafka 4 in a child process: one KRaft node on 127.0.0.1, its jars resolved by Maven."""

import subprocess
import uuid
from base64 import urlsafe_b64encode
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

_LOG4J = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


class ApacheKafka(DevService):
    """A broker that keeps its records below `folder`; topics must be created before they are used."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        super().__init__(folder)
        self.port = port or free_port()
        self._controller_port = free_port(taken={self.port})
        self._admin: AdminClient | None = None

    @property
    def bootstrap_servers(self) -> str:
        """What clients connect to: `127.0.0.1:PORT`, the same over restarts."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def version(self) -> str:
        """The version of Apache Kafka that is run."""
        return maven.version_in(_POM)

    def create_topics(self, *names: str, partitions: int = _DEFAULT_PARTITIONS) -> None:
        """Create the topics that do not exist yet and wait until the broker serves them."""
        topics.create(self.bootstrap_servers, names, partitions)

    def _launch(self) -> ChildProcess:
        java = find_java(_NAME)
        classpath = f"{maven.resolve(_NAME, _POM, 'copy-dependencies')}/*"
        (self.folder / "log4j2.properties").write_text(_LOG4J)
        (self.folder / "server.properties").write_text(self._properties())
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        command = [java, *_HEAP, logging, "-cp", classpath]
        self._format_once(command)
        return ChildProcess(
            _NAME, [*command, "kafka.Kafka", self.folder / "server.properties"], log=self.folder / "kafka.log"
        )

    def _is_ready(self) -> bool:
        self._admin = self._admin or topics.quiet_admin(self.bootstrap_servers)
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
        done = subprocess.run(  # noqa: S603 - our own command line
            [*java, "kafka.tools.StorageTool", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DevServiceError(_NAME, f"cannot format {data}", f"{done.stdout}{done.stderr}".strip())

    def _properties(self) -> str:
        return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{LOOPBACK}:{self._controller_port}
listeners=PLAINTEXT://{self.bootstrap_servers},CONTROLLER://{LOOPBACK}:{self._controller_port}
advertised.listeners=PLAINTEXT://{self.bootstrap_servers}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
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
"""
