"""Each hop is killed in turn, and none of submit, pending, runs and doctor says that all is well."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from gate_events.topics import TOPICS
from gate_store.database import open_store, utc_now
from gate_store.heartbeats import SILENT_AFTER, heard
from gate_store.tables import heartbeats
from plangate.dev.mock_kafka import MockKafka
from tests.cli.commands import Ended, Shell
from tests.cli.project import STARTS_S, until
from tests.cli.test_broken_surroundings import GRAPH
from tests.cli.test_worker import Worker, working

PARTS = ("router", "gatekeeper", "resumer")


@dataclass
class Hops:
    """All that stands between a plan and its run, each to be killed by itself."""

    shell: Shell
    kafka: MockKafka
    workers: dict[str, Worker]

    def lame(self) -> list[str]:
        """The parts that nobody does."""
        store = open_store(self._url)
        with store.begin() as conn:
            found = {each.part: each for each in heard(conn, utc_now())}
        store.dispose()
        return [part for part in PARTS if part not in found or not found[part].does_its_part]

    def kill(self, part: str) -> None:
        """With all its children, by SIGKILL, and let a minute pass."""
        worker = self.workers.pop(part)
        for pid in (worker.process.pid, *worker.children()):
            os.kill(pid, signal.SIGKILL)
        worker.process.wait()
        store = open_store(self._url)
        silent = update(heartbeats).where(heartbeats.c.part == part)
        with store.begin() as conn:
            conn.execute(silent.values(beat_at=utc_now() - SILENT_AFTER - timedelta(seconds=1)))
        store.dispose()

    @property
    def _url(self) -> str:
        return f"sqlite:///{self.shell.folder / 'plangate.db'}"


@contextmanager
def all_hops(shell: Shell) -> Iterator[Hops]:
    shell.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    shell.write("graph.py", GRAPH)
    with ExitStack() as running:
        kafka = running.enter_context(MockKafka())
        kafka.create_topics(*(topic.name for topic in TOPICS))
        told = shell.with_(
            PLANGATE_KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers, PLANGATE_KAFKA_FETCH_WAIT_MAX_MS="20"
        )
        workers = {part: running.enter_context(working(told, "--only", part, name=part)) for part in PARTS}
        hops = Hops(told, kafka, workers)
        until(lambda: not hops.lame(), STARTS_S)
        yield hops


def wrong(ended: Ended) -> dict[str, str]:
    """What doctor calls wrong."""
    assert ended.code == 1
    return {what: each["found"] for what, each in ended.findings.items() if each["state"] == "wrong"}


@pytest.mark.slow
def test_nobody_says_ok_whichever_hop_is_gone(stored: Shell) -> None:
    with all_hops(stored) as hops:
        shell = hops.shell
        assert shell.run("pending").out == "nothing waits for a decision\n"

        hops.kafka.stop()
        submitted = shell.run("submit", "mine", "--thread-id", "no Kafka", "--wait", "0.3")
        assert submitted.code == 3
        assert "is in the store and not on Kafka yet" in submitted.err
        until(lambda: hops.lame() == ["router", "gatekeeper"])
        assert "nobody takes up plans now: router " in (said := shell.run("pending").out)
        assert " says: Kafka does not answer; nobody acts on decisions now: gatekeeper " in said
        assert {"Kafka and topics", "router", "gatekeeper"} <= wrong(shell.run("doctor", "--json")).keys()

        for gone, words in {
            "router": "nobody takes up plans now: no router heard of since ",
            "gatekeeper": "nobody acts on decisions now: no gatekeeper heard of since ",
        }.items():
            hops.kill(gone)
            for command in ("pending", "runs"):
                assert words in shell.run(command).out
        hops.kill("resumer")
        found = wrong(shell.run("doctor", "--json"))
        assert [part for part in PARTS if f"no {part} heard of since " not in found[part]] == []
        again = shell.run("submit", "mine", "--thread-id", "no worker", "--wait", "0.3")
        assert again.code == 3
        assert "see that `plangate worker` runs" in again.err

        (shell.folder / "plangate.db").rename(shell.folder / "gone.db")
        for commanded in (["submit", "mine"], ["pending"], ["runs"]):
            shell.run(*commanded).complains("the store plangate.db does not exist")
        assert wrong(shell.run("doctor", "--json"))["store"] == "the store plangate.db does not exist"
