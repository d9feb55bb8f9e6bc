"""`plangate dev` on the real thing."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_events.topics import TOPICS
from plangate.dev.java import find_java
from plangate.dev.postgres_binaries import find_binaries
from tests.account import note
from tests.cli.commands import Shell
from tests.cli.project import CATALOGUE, GRAPH, STARTS_S, running, until
from tests.services import own_folder, required

SECOND_START_S = 45  # of which most is for a machine that is busy with other tests


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that PostgreSQL, run by nobody, can enter."""
    with required():
        find_java("Apache Kafka")
        find_binaries()
    note(request.node, "Apache Kafka and PostgreSQL of `plangate dev`")
    with own_folder() as made:
        yield made


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_a_gate_outlives_the_stack_on_apache_kafka_and_postgresql(folder: Path) -> None:
    apache = ("--broker", "apache", "--store", "postgresql")
    with running(folder, *apache) as project:
        assert project.environment["PLANGATE_STORE_URL"].startswith("postgresql://")
        assert [row["problem"] for row in project.run("topics", "create", "--json").json] == [""] * len(
            TOPICS
        )
        gate = project.asked("kept", "ana")
    started = time.monotonic()
    with running(folder, *apache) as project:
        assert time.monotonic() - started < SECOND_START_S
        assert project.run("approve", gate["request_id"], "--yes", "--by", "ben", "--wait", "40").code == 0
        assert len(project.done("kept")) == 1
        health = project.run("doctor", "--json").findings
        assert [what for what, each in health.items() if each["state"] == "wrong"] == []


@pytest.mark.slow
def test_what_is_saved_comes_into_force_and_broken_code_is_waited_for(tmp_path: Path) -> None:
    with running(tmp_path) as project:
        said = tmp_path / "dev.log"
        left = project.asked("left", "ana")
        (tmp_path / "graph.py").write_text(GRAPH.replace('"ask"', '"ask_first"'))
        until(lambda: "these runs paused before their graph changed" in said.read_text(), STARTS_S)
        assert "STALE when they are decided on: left;" in " ".join(said.read_text().split())
        (tmp_path / "graph.py").write_text("def broken(:")
        until(lambda: "mend it and save" in said.read_text(), STARTS_S)
        (tmp_path / "graph.py").write_text(GRAPH)
        until(lambda: said.read_text().count("what changed is in force") == 2, STARTS_S)
        project.run("approve", left["request_id"], "--yes", "--by", "ben")
        assert project.ended("left") == "DONE"
        project.write(
            "catalogue.yaml", CATALOGUE.replace("note: {tier: REVERSIBLE", "note: {tier: IRREVERSIBLE")
        )
        until(lambda: said.read_text().count("what changed is in force") == 3, STARTS_S)
        assert project.waiting(project.submit("held", "note", {"text": "now asked"}))


@pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL refuses root alone")
def test_postgresql_below_a_folder_that_nobody_can_enter_is_one_clear_line(shell: Shell) -> None:
    (shell.folder / "closed").mkdir(mode=0o700)
    ended = shell.run("dev", "--store", "postgresql", "--folder", "closed/data")
    ended.complains("PostgreSQL", "nobody cannot enter", "choose a data folder outside it")
