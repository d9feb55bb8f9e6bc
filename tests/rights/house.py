"""A project whose workers, agent, reviewer and service each have logins of their own."""

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from gate_events.codec import decode
from gate_events.records import PlanExecuted
from gate_events.topics import OUTCOMES, Topic
from gate_events.words import OutcomeStatus
from gate_store.roles.roles import Role
from plangate import Step, effect, verdicts
from plangate.kafka.reading import read_all
from tests.cli.project import CATALOGUE, GRAPH, STARTS_S, Project, until
from tests.forked import COMMAND, Forked
from tests.rights.logins import Logins
from tests.rights.secured import GROUP, Secured, speaking
from tests.secured_kafka import CERTIFICATE, TLS

WORKERS = ("router", "gatekeeper", "resumer")
SPEAK = (*WORKERS, "agent", "reviewer", "auditor")
HARMLESS = '{"goal": "look", "steps": [{"action_type": "note", "arguments": {"text": "hello"}}]}'
GRAVE = '{"goal": "tell", "steps": [{"action_type": "send_email", "arguments": {"to": "ana", "token": "t"}}]}'


class House:
    """A project whose workers, agent, reviewer and service each speak as themselves."""

    def __init__(
        self, secured: Secured, logins: Logins, folder: Path, by_certificate: Collection[str]
    ) -> None:
        self.secured, self.logins, self.folder = secured, logins, folder
        self._by_certificate = by_certificate

    def protocol_of(self, user: str) -> str:
        return CERTIFICATE if user in self._by_certificate else TLS

    def as_(self, user: str, **more: str) -> Project:
        """As this user of Kafka and of PostgreSQL."""
        store = self.logins.url_of(Role(user)) if user in list(Role) else self.logins.url
        environment = {"PLANGATE_STORE_URL": store, **more}
        shell = speaking(self.folder, self.secured, user, self.protocol_of(user), **environment)
        return Project(shell.folder, shell.environment)

    def without_kafka(self) -> Project:
        """An agent that submits runs: it has no login there."""
        return self.as_("agent", PLANGATE_KAFKA_SASL_PASSWORD="unknown")  # noqa: S106 - a wrong one, on purpose

    def prepare(self) -> None:
        """The operator, who is no super user of Kafka, makes the topics and gives the rights."""
        users = [f"--principal={role}=User:{role}" for role in SPEAK]
        service = f"--principal=service:{GROUP}=User:service"
        first = self.as_("admin").run("topics", "acls", "--apply", "--principal=admin=User:operator")
        assert first.code == 0, first.err
        operator = self.as_("operator")
        for command in (("create",), ("acls", "--apply", *users, service)):
            ended = operator.run("topics", *command)
            assert ended.code == 0, ended.err
        for command in (("upgrade",), ("roles", "--apply", "--prefix", self.logins.prefix)):
            ended = operator.run("store", *command)
            assert ended.code == 0, ended.err

    @contextmanager
    def workers(self) -> Iterator[None]:
        with ExitStack() as running:
            logs = {part: self.folder / f"{part}.log" for part in WORKERS}
            for part, log in logs.items():
                running.enter_context(self._worker(part, log))
            until(lambda: all("serves" in logs[part].read_text() for part in WORKERS[:2]), STARTS_S)
            yield

    @contextmanager
    def _worker(self, part: str, log: Path) -> Iterator[None]:
        environment = self.as_(part).variables
        process = Forked(
            COMMAND, "worker", "--only", part, folder=self.folder, environment=environment, out=log, err=log
        )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(60) == 0, log.read_text()[-3000:]

    def serve(self, *plan_ids: str) -> list[str]:
        """A service carries these plans out; what it did."""
        did: list[str] = []

        @effect("note", "send_email")
        def act(step: Step) -> None:
            did.append(step.action_type)

        left = {UUID(plan_id) for plan_id in plan_ids}
        options = self.secured.kafka.options_of("service", self.protocol_of("service"))
        store = self.logins.url_of(Role.SERVICE)
        prefix = self.secured.prefix
        with verdicts(options, group=GROUP, topic_prefix=prefix, idle_s=60, store_url=store) as works:
            for work in works:
                with work:
                    for step in work.steps:
                        work.once(step, act)
                left.discard(work.plan_id)
                if not left:
                    break
        assert not left
        return did

    def records(self, topic: Topic) -> list[bytes]:
        """What the auditor reads on a topic."""
        settings = self.secured.settings("auditor")
        values = [message.value() for message in read_all(settings, settings.topic(topic.name))]
        return [value for value in values if isinstance(value, bytes)]

    def outcomes(self) -> dict[UUID, OutcomeStatus]:
        """How plans ended."""
        told = [decode(value, PlanExecuted) for value in self.records(OUTCOMES)]
        return {each.plan_id: each.status for each in told if each.status is not OutcomeStatus.BEGUN}

    def troubles(self) -> list[str]:
        """What workers could not do."""
        lines = [line for part in WORKERS for line in (self.folder / f"{part}.log").read_text().splitlines()]
        return [line for line in lines if "Traceback" in line or "may not" in line or "failed" in line]

    def denied(self) -> list[str]:
        """What the broker refused to these users about these topics and groups."""
        said = re.findall(r"Principal = User:(\S+) is Denied (.*)", self.secured.kafka.log.read_text())
        return [f"{user}: {what}" for user, what in said if self.secured.prefix in what]


def prepared(made: House) -> House:
    for name, text in {
        "catalogue.yaml": CATALOGUE,
        "graph.py": GRAPH,
        "langgraph.json": '{"graphs": {"mine": "./graph.py:graph"}}',
        "harmless.json": HARMLESS,
        "grave.json": GRAVE,
    }.items():
        (made.folder / name).write_text(text)
    made.prepare()
    return made
