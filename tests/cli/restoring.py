"""A project on Kafka and PostgreSQL whose store is lost, and restored from a copy."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import select

from gate_events.topics import VERDICTS
from gate_store import queries
from gate_store.tables import effects
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.postgres import PostgresServer
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from tests.cli.project import CATALOGUE, GRAPH, STARTS_S, Project, until
from tests.forked import COMMAND, Forked

SESSION_MS = "6000"
GUARDED = '{"graphs": {"mine": "./graph.py:graph"}, "plangate": {"mine": {"effects": {}}}}'
FOLLOWED = GRAPH.replace(
    '    .add_edge("act", END)\n',
    '    .add_node("ask again", ask)\n    .add_node("act again", act)\n'
    '    .add_conditional_edges("act", lambda state: "ask again" if state.get("twice") else END)\n'
    '    .add_edge("ask again", "act again")\n    .add_edge("act again", END)\n',
).replace("    verdict: dict[str, Any]\n", "    verdict: dict[str, Any]\n    twice: bool\n")


class Restorable(Project):
    """Commands on one store, or on its copy."""

    @property
    def prefix(self) -> str:
        return str(self.environment["PLANGATE_TOPIC_PREFIX"])

    def on(self, store_url: str) -> "Restorable":
        return Restorable(self.folder, {**self.environment, "PLANGATE_STORE_URL": store_url})

    @contextmanager
    def works(self, *parts: str) -> Iterator[None]:
        """A worker, until the block ends; of these parts alone, where any is named."""
        only = ["--only", ",".join(parts)] if parts else []
        log = self.folder / f"worker-{len(list(self.folder.glob('worker-*')))}.log"
        process = Forked(
            COMMAND, "worker", *only, folder=self.folder, environment=self.variables, out=log, err=log
        )
        try:
            if parts != ("resumer",):  # which says nothing
                until(lambda: "plangate-gatekeeper serves" in log.read_text(), STARTS_S)
            yield
        finally:
            process.terminate()
            code = process.wait(60)
        assert code == 0, log.read_text()[-3000:]
        assert "Traceback" not in log.read_text()

    def submit_twice(self, run: str) -> str:
        """A run that comes to a second gate behind its first; the plan of the first."""
        steps = [{"to": "ana", "token": "t"}]
        given = json.dumps({"run": run, "action": "send_email", "arguments": steps, "twice": True})
        return str(self.run("submit", "mine", "--input", given, "--thread-id", run, "--json").json["plan_id"])

    def next_plan(self, run: str, before: str) -> str:
        """The plan at which the run waits behind that one."""

        def found() -> str | None:
            with self.store() as conn:
                row = next(row for row in queries.list_runs(conn) if row["thread_id"] == run)
            at, status = str(row["plan_id"]), row["status"]
            return at if at != before and status == "PAUSED" else None

        return until(found)

    def approve(self, plan_id: str) -> None:
        gate = self.waiting(plan_id)["request_id"]
        said = self.run("approve", gate, "--yes", "--by", "ben", "--json").json
        assert said["fate"] == "DECIDED", said

    def doubt(self, plan_id: str) -> dict[str, object]:
        """The open question what became of a step of the plan."""

        def found() -> dict[str, object] | None:
            with self.store() as conn:
                asked = queries.pending(conn, limit=1000)
            return next((g for g in asked if g["plan_id"] == plan_id and g["kind"] == "IN_DOUBT"), None)

        return until(found)

    def resolve(self, plan_id: str, word: str) -> dict[str, object]:
        question = self.doubt(plan_id)
        said = self.run("resolve", str(question["request_id"]), word, "--yes", "--by", "ben", "--json").json
        assert said["fate"] == "DECIDED", said
        return question

    def status(self, run: str) -> str | None:
        return next(iter(self._states(run)), None)

    def states(self, plan_id: str) -> list[str]:
        """Those of the plan's effects."""
        with self.store() as conn:
            of_plan = select(effects.c.state).where(effects.c.plan_id == UUID(plan_id))
            return sorted(conn.execute(of_plan.order_by(effects.c.step_id)).scalars())

    def lines(self, run: str) -> list[str]:
        """What the run did."""
        return self._done(run)

    def serve(self, *, idle_s: float = 1.0, ledger: bool = True) -> list[str]:
        """A service carries out what there is for it; what it did."""
        did: list[str] = []

        @effect("tag", "send_email")
        def act(step: Step) -> None:
            did.append(str(step.arguments.get("who") or step.arguments.get("to")))

        options = {"bootstrap.servers": self.environment["PLANGATE_KAFKA_BOOTSTRAP_SERVERS"]}
        group, actions = ("mailer", ["send_email"]) if ledger else ("tagger", ["tag"])
        store = self.environment["PLANGATE_STORE_URL"] if ledger else None
        with verdicts(
            options, group=group, actions=actions, topic_prefix=self.prefix, idle_s=idle_s, store_url=store
        ) as works:
            for work in works:
                with work:
                    for step in work.steps:
                        work.once(step, act)
        return did

    def proposed(self, action: str, **arguments: str) -> str:
        """A service's plan of one step; its id."""
        given = ", ".join(f"{name}: {value}" for name, value in arguments.items())
        text = f"goal: g\nsteps:\n- action_type: {action}\n  arguments: {{{given}}}\n"
        return str(self.run("propose", "-", "--json", text=text).json["plan_id"])

    def verdicts_said(self) -> int:
        kafka = {"bootstrap.servers": self.environment["PLANGATE_KAFKA_BOOTSTRAP_SERVERS"]}
        settings = Settings(kafka=kafka, topic_prefix=self.prefix)
        return len(list(read_all(settings, settings.topic(VERDICTS.name))))


@contextmanager
def restorable(
    kafka: ApacheKafka, postgres: PostgresServer, prefix: str, folder: Path
) -> Iterator[Restorable]:
    """A project without a worker; its databases go at the end."""
    name = f"restorable_{prefix.strip('-')}"
    made = Restorable(
        folder,
        {
            "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "PLANGATE_KAFKA_SESSION_TIMEOUT_MS": SESSION_MS,
            "PLANGATE_TOPIC_PREFIX": prefix,
            "PLANGATE_PARTITIONS": "2",
            "PLANGATE_STORE_URL": postgres.create_database(name),
        },
    )
    made.write("catalogue.yaml", CATALOGUE)
    made.write("langgraph.json", GUARDED)
    made.write("graph.py", FOLLOWED)
    try:
        for command in (("topics", "create"), ("store", "upgrade")):
            ended = made.run(*command)
            assert ended.code == 0, ended.err
        yield made
    finally:
        for each in (name, f"{name}_copy"):
            postgres.drop_database(each)


def copied(postgres: PostgresServer, project: Restorable) -> tuple[Restorable, datetime]:
    """A project on a copy of the store as it stands, and the moment of that; nobody may be connected."""
    name = project.environment["PLANGATE_STORE_URL"].rpartition("/")[2]
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(f"{name}_copy"), sql.Identifier(name)
            )
        )
    return project.on(postgres.url(f"{name}_copy")), datetime.now(UTC)
