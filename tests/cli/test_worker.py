"""`plangate worker` as a service manager sees it: signals, exit codes, children."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gate_events.topics import TOPICS
from gate_store.database import open_store, utc_now
from gate_store.heartbeats import heard
from plangate.dev.mock_kafka import MockKafka
from plangate.worker.apps import slot_of
from tests.cli.commands import Shell
from tests.cli.project import GRAPH, until
from tests.forked import COMMAND, Forked

APPS, RESUMER = "plangate.worker.apps", "plangate.worker.resumer"


@pytest.fixture
def ready(stored: Shell, mock_kafka: MockKafka, topic_prefix: str) -> Shell:
    """A project with a graph, topics of its own and a store."""
    mock_kafka.create_topics(*(f"{topic_prefix}{topic.name}" for topic in TOPICS))
    stored.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    stored.write("graph.py", GRAPH)
    return stored.with_(
        PLANGATE_KAFKA_BOOTSTRAP_SERVERS=mock_kafka.bootstrap_servers,
        PLANGATE_TOPIC_PREFIX=topic_prefix,
        PLANGATE_KAFKA_FETCH_WAIT_MAX_MS="20",
    )


class Worker:
    """A `plangate worker` that runs."""

    def __init__(self, shell: Shell, log: Path, *arguments: str) -> None:
        self._log = log
        self.process = Forked(
            COMMAND, "worker", *arguments, folder=shell.folder, environment=shell.variables, out=log, err=log
        )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def children(self) -> dict[int, str]:
        """Modules of the child processes, by process id."""
        pid = self.process.pid
        found = {int(child): _module(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()}
        return {child: module for child, module in found.items() if module}

    def modules(self) -> list[str]:
        return sorted(self.children().values())

    def says(self, words: str) -> bool:
        assert self.process.poll() is None, self.log
        return words in self.log


@contextmanager
def working(shell: Shell, *arguments: str, name: str = "worker") -> Iterator[Worker]:
    worker = Worker(shell, shell.folder / f"{name}.log", *arguments)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.process.terminate()
            worker.process.wait(60)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _module(pid: str) -> str:
    words = _read(f"/proc/{pid}/cmdline").split("\0")
    return next((word for word in words if word.startswith("plangate.worker.")), "")


def _alive(pid: int) -> bool:
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] not in ([], ["Z"])


def doing(shell: Shell) -> list[str]:
    """The parts that the store hears of, as those of its working processes."""
    store = open_store(f"sqlite:///{shell.folder / 'plangate.db'}")
    with store.begin() as conn:
        found = [each.part for each in heard(conn, utc_now()) if each.does_its_part]
    store.dispose()
    return found


def test_sigterm_ends_all_children_cleanly(ready: Shell) -> None:
    with working(ready) as worker:
        until(lambda: worker.says("plangate-router serves") and worker.says("plangate-gatekeeper serves"))
        until(lambda: doing(ready) == ["gatekeeper", "resumer", "router"])
        children = worker.children()
        assert sorted(children.values()) == [APPS, RESUMER]
        worker.process.terminate()
        assert worker.process.wait(60) == 0
        assert [pid for pid in children if _alive(pid)] == []
    assert doing(ready) == []
    assert "Traceback" not in worker.log
    assert "killed" not in worker.log  # as the supervisor says of each that did not end in time


def test_the_log_says_what_starts_and_nothing_of_the_clients_chatter(ready: Shell) -> None:
    with working(ready) as worker:
        until(lambda: worker.says("plangate-router serves") and worker.says("plangate-gatekeeper serves"))
        until(lambda: worker.says("plangate.resumer INFO"))
    lines = [line for line in worker.log.splitlines() if " INFO " in line]
    assert {line.split()[2].partition(".")[0] for line in lines} <= {"plangate", "stream_apps"}
    assert len(lines) < 10
    assert re.search(
        r"router and gatekeeper of plangate \S+ start as .*faust-streaming.*librdkafka", worker.log
    )


def answer(base: str, path: str) -> tuple[int, str]:
    """Status and body of a page of the worker's endpoint."""
    connection = HTTPConnection(urlsplit(base).netloc, timeout=60)
    connection.request("GET", path)
    answered = connection.getresponse()
    body = answered.read().decode()
    connection.close()
    return answered.status, body


def test_a_child_that_is_killed_starts_again_and_the_endpoint_tells(ready: Shell, topic_prefix: str) -> None:
    with working(ready.with_(PLANGATE_METRICS_LISTEN="0")) as worker:
        [base] = until(lambda: re.findall(r"(http://127\.0\.0\.1:\d+) has /metrics", worker.log))
        until(lambda: answer(base, "/readyz")[0] == 200)
        assert answer(base, "/healthz") == (200, "apps: ok\nresumer 1: ok\n")
        apps = next(pid for pid, module in worker.children().items() if module == APPS)
        os.kill(apps, signal.SIGKILL)
        until(lambda: worker.says("apps ended with -9; it starts again in"))
        _, body = until(lambda: found if (found := answer(base, "/readyz"))[0] == 503 else None)
        assert "router (apps): does not serve\n" in body
        assert "resumer (resumer 1): ok\n" in body
        until(lambda: APPS in worker.modules() and apps not in worker.children())
        until(lambda: answer(base, "/readyz")[0] == 200)
        metrics = answer(base, "/metrics")[1]
    assert "plangate_worker_restarts_total 1.0" in metrics
    assert 'plangate_serving{part="gatekeeper",process="apps"} 1.0' in metrics
    assert "plangate_store_up 1.0" in metrics
    assert f'plangate_consumer_lag_records{{group="{topic_prefix}plangate-router"' in metrics


def test_a_supervisor_that_is_killed_takes_its_children_with_it(ready: Shell) -> None:
    with working(ready) as worker:
        until(lambda: worker.says("plangate-router serves"))
        children = list(worker.children())
        worker.process.kill()
        worker.process.wait()
        until(lambda: not any(_alive(pid) for pid in children))


def test_sighup_brings_a_new_catalogue_into_force_and_refuses_a_broken_one_in_a_line(ready: Shell) -> None:
    def told() -> list[str]:
        return [line for line in worker.log.splitlines() if " ERROR " in line]

    with working(ready, "--only", "router") as worker:
        until(lambda: worker.says("plangate-router serves"))
        first = worker.children()
        ready.write("catalogue.yaml", "version: 1\nactions: {note: {tier: MAYBE}, tag: {tier: NO}}\n")
        os.kill(worker.process.pid, signal.SIGHUP)
        [line] = until(told)
        assert "stays in force: catalogue.yaml:2" in line
        assert worker.children() == first
        ready.write("catalogue.yaml", "version: 1\nactions: {note: {tier: REVERSIBLE, says: Note}}\n")
        os.kill(worker.process.pid, signal.SIGHUP)
        until(lambda: worker.log.count("plangate-router serves") == 2)
        assert first.keys().isdisjoint(worker.children())
    kept = re.findall(r"catalogue (\w+) is new here: kept", worker.log)
    [(new, old)] = re.findall(r"catalogue (\w+) takes the place of (\w+)", worker.log)
    assert kept == [old, new]  # before anything was judged by it
    assert "starts again in" not in worker.log


@pytest.mark.slow
def test_two_workers_on_one_machine_take_different_slots(ready: Shell) -> None:
    with (
        working(ready, "--only", "router", name="first") as first,
        working(ready, "--only", "router", name="second") as second,
    ):
        until(lambda: first.says(" start as ") and second.says(" start as "))
        slots = {re.findall(r" start as (\S+)", worker.log)[0] for worker in (first, second)}
    assert len(slots) == 2


@pytest.mark.slow
def test_parts_that_run_apart_find_their_own_slots_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group waits half a minute for a member that went, wherever another took its name."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    router, gatekeeper = slot_of("acme.", {"router"}), slot_of("acme.", {"gatekeeper"})
    both = slot_of("acme.", {"router", "gatekeeper"})
    assert (
        len({router.name, gatekeeper.name, both.name}) == 3
    )  # by which they remember what they have in hand
    before = router.name
    router.release()
    gatekeeper.release()
    gatekeeper = slot_of("acme.", {"gatekeeper"})
    router = slot_of("acme.", {"router"})
    assert router.name == before


def test_parts_are_chosen(ready: Shell) -> None:
    with working(ready, "--only", "router") as worker:
        until(lambda: worker.says("plangate-router serves"))
        assert worker.modules() == [APPS]
    assert "gatekeeper" not in worker.log
    with working(ready, "--only", "resumer", "--resumers", "3") as worker:
        until(lambda: worker.modules() == [RESUMER] * 3)
        until(lambda: len(set(re.findall(r"INFO resumer (\S+) of", worker.log))) == 3)


@pytest.mark.parametrize("only", ["resumer", "router,gatekeeper,resumer"])
def test_a_graph_that_does_not_import_is_named_before_anything_starts(ready: Shell, only: str) -> None:
    ready.write("graph.py", "import nothing_of_that_name\n")
    ready.run("worker", "--only", only).complains("graph 'mine'", "nothing_of_that_name")


def test_an_option_that_the_workers_cannot_take_is_named_before_anything_starts(ready: Shell) -> None:
    strange = ready.with_(PLANGATE_KAFKA_GROUP_PROTOCOL="consumer")
    strange.run("worker").complains("Kafka option group.protocol", "leave it out")


@pytest.mark.long
def test_the_catalogue_is_kept_once_and_the_log_says_by_whom(ready: Shell) -> None:
    with working(ready) as worker:
        until(lambda: worker.says("plangate-gatekeeper serves") and worker.says("plangate.resumer INFO"))
        until(lambda: worker.says("is new here"))
    with working(ready, name="again") as again:
        until(lambda: again.says("plangate-gatekeeper serves") and again.says("plangate.resumer INFO"))
    assert worker.log.count("kept under its digest") == 1
    assert "kept under its digest" not in again.log
