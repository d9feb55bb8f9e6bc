"""One `plangate dev` in a folder; commands without settings find it, and make no store beside its own."""

import os
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete

from gate_events.codec import decode
from gate_events.records import ApprovalRequested
from gate_store.database import open_store, utc_now
from gate_store.heartbeats import heard
from gate_store.tables import outbox
from plangate.dev import env_file
from plangate.dev.alone import alone_in, runs_in
from plangate.dev.errors import DevServiceError
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from tests.cli.commands import CATALOGUE, PLAN, Shell
from tests.cli.project import Project, running, until
from tests.cli.test_broken_surroundings import GRAPH
from tests.store.acting import ask
from tests.store.examples import HOUR, NOON, asked
from tests.stores import migrated

FAR_OFF = asked(deadline=NOON + 26_280 * HOUR)


@pytest.fixture
def project(tmp_path: Path) -> Shell:
    """A folder without settings, in which `plangate dev` was once."""
    made = Shell(tmp_path)
    made.write("catalogue.yaml", CATALOGUE)
    made.write("plan.json", PLAN)
    made.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    made.write("graph.py", GRAPH)
    (tmp_path / ".plangate").mkdir()
    migrated(url_in(tmp_path))
    return made


def requests_on(settings: Settings) -> list[ApprovalRequested]:
    """What stands on `approval-requests`, and so is there for every view."""
    messages = read_all(settings, "approval-requests")
    return [decode(message.value(), ApprovalRequested) for message in messages]


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder / '.plangate' / 'store.db'}"


def test_a_second_dev_in_a_folder_is_refused_and_names_the_first(project: Shell) -> None:
    folder = project.folder / ".plangate"
    with alone_in(folder), env_file.written({"A": "b c"}, folder) as file:
        project.run("dev").complains(f"a `plangate dev` runs here already (pid {os.getpid()})", "--folder")
        assert file.read_text() == "export A='b c'\n"
        assert env_file.read(folder) == {"A": "b c"}
        assert runs_in(folder)
        with pytest.raises(DevServiceError, match="already"), alone_in(folder):
            pass
    assert not runs_in(folder)


def test_a_command_without_settings_uses_the_dev_of_its_folder_and_says_so(project: Shell) -> None:
    folder, url = project.folder / ".plangate", url_in(project.folder)
    with alone_in(folder), env_file.written({"PLANGATE_STORE_URL": url}, folder):
        told = project.run("submit", "mine", "--thread-id", "a", "--no-wait", "--json")
        assert told.json["state"] == "PUBLISHED"
        told_of = "no settings: this uses the `plangate dev` that runs here (.plangate/env)"
        assert told.err == f"plangate: {told_of}\n"
        named = project.with_(PLANGATE_STORE_URL=url).run("runs", "--json")
        assert (named.json[0]["thread_id"], "no settings" in named.err) == ("a", False)
    assert not (project.folder / "plangate.db").exists()


@pytest.mark.parametrize("command", [["submit", "mine"], ["pending"], ["store", "upgrade"], ["doctor"]])
def test_beside_a_dev_that_does_not_run_no_second_store_is_made(project: Shell, command: list[str]) -> None:
    (project.folder / ".plangate" / "env").write_text("export PLANGATE_STORE_URL=of.one.that.was.killed\n")
    ended = project.run(*command)
    assert ended.code == 1
    assert "start `plangate dev` here" in " ".join((ended.out + ended.err).split())
    assert not (project.folder / "plangate.db").exists()


def test_dev_says_that_it_runs_when_all_parts_serve_and_takes_up_what_kafka_lost(project: Shell) -> None:
    url = url_in(project.folder)
    submit = ("submit", "mine", "--no-wait", "--json")
    plan_id = project.with_(PLANGATE_STORE_URL=url).run(*submit).json["plan_id"]
    store = open_store(url)
    with store.begin() as conn:
        ask(conn, FAR_OFF)
        conn.execute(delete(outbox))  # it was on the broker that ended with the last one
    with running(project.folder) as stack, store.connect() as conn:
        assert {each.part for each in heard(conn, utc_now()) if each.does_its_part} == {
            "router",
            "gatekeeper",
            "resumer",
        }
        conn.rollback()
        assert Project(stack.folder, stack.environment).waiting(str(UUID(plan_id)))["plan_id"] == plan_id
        servers = stack.environment["PLANGATE_KAFKA_BOOTSTRAP_SERVERS"]
        there = Settings(kafka={"bootstrap.servers": servers})
        until(lambda: FAR_OFF.request_id in {each.request_id for each in requests_on(there)}, 60)
        assert list(read_all(there, "dead-letters")) == []
    store.dispose()
    log = (project.folder / "dev.log").read_text()
    assert log.index("Plangate starts") < log.index("Plangate runs")
    assert "on approval-requests again, since the broker's log is in memory: 1 open gate" in log
    assert not (project.folder / "plangate-spool").exists()
