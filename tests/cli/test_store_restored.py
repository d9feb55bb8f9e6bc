"""The store is lost and restored from a backup: nothing happens twice, and nothing is lost without a word."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.postgres import PostgresServer
from tests.cli.project import until
from tests.cli.restoring import Restorable, copied, restorable

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@pytest.fixture
def project(
    kafka: ApacheKafka, postgres_server: PostgresServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Restorable]:
    with restorable(kafka, postgres_server, topic_prefix, tmp_path) as made:
        yield made


def email(to: str) -> dict[str, str]:
    return {"to": to, "token": "t"}


@pytest.mark.slow  # a worker starts four times, and sessions of those that ended are waited for
def test_what_may_have_happened_since_the_backup_is_asked_about_and_not_repeated(
    project: Restorable, postgres_server: PostgresServer
) -> None:
    plans: dict[str, str] = {}
    with project.works():
        for run in ("before", "since", "approved", "idle"):
            plans[run] = project.submit(run, "send_email", email("ana"))
            project.waiting(plans[run])
        plans["twice"] = project.submit_twice("twice")
        project.approve(plans["before"])
        assert project.ended("before") == "DONE"
    restored, since = copied(postgres_server, project)
    said = ["store", "restored", "--since", since.isoformat(), "--json"]
    with project.works("router", "gatekeeper"):
        with project.works("resumer"):
            project.approve(plans["since"])
            project.approve(plans["twice"])
            project.approve(project.next_plan("twice", plans["twice"]))
            assert (project.ended("since"), project.ended("twice")) == ("DONE", "DONE")
            plans["late"] = project.submit("late", "send_email", email("ana"))
            project.approve(plans["late"])
            assert project.ended("late") == "DONE"
        mailed, tagged = project.proposed("send_email", **email("bob")), project.proposed("tag", who="cid")
        project.approve(mailed)
        assert (project.serve(), project.serve(ledger=False)) == (["bob"], ["cid"])
        project.approve(plans["approved"])
        at_once = restored.with_(PLANGATE_KAFKA_SESSION_TIMEOUT_MS="1000")
        at_once.run(*said).complains("plangate-gatekeeper has members (", "stop the workers first")
    told = project.verdicts_said()

    looked = restored.run(*said, "--dry-run").json
    done = restored.run(*said).json
    assert {**looked, "dry_run": False} == done
    assert (done["already"], done["plans"], done["runs"]) == (False, 7, 2)
    assert {each["topic"].removeprefix(project.prefix) for each in done["offsets"]} == {
        *("auto-execute", "approval-requests", "decisions", "outcomes")
    }
    assert restored.run(*said).json["already"] is True

    with restored.works():
        assert restored.status("before") == "DONE"
        question = restored.resolve(plans["since"], "--happened")
        assert "the store was restored from a backup of" in str(question)
        assert "says SUCCEEDED" in str(question)
        assert restored.ended("since") == "DONE"
        restored.resolve(plans["approved"], "--retry")
        assert restored.ended("approved") == "DONE"
        restored.resolve(plans["twice"], "--happened")
        second = restored.next_plan("twice", plans["twice"])  # under an id that the log does not know
        restored.approve(second)
        restored.resolve(second, "--happened")
        assert restored.ended("twice") == "DONE"
        restored.approve(plans["idle"])
        assert restored.ended("idle") == "DONE"
        assert restored.status("late") is None
        until(lambda: restored.states(mailed) == restored.states(tagged) == ["SUCCEEDED"])
        assert (restored.serve(), restored.serve(ledger=False)) == ([], [])
        again = restored.submit("late", "send_email", email("ana"))
        restored.approve(again)
        restored.resolve(again, "--happened")
        assert restored.ended("late") == "DONE"
    for run in plans:
        assert len(restored.lines(run)) == (2 if run == "twice" else 1), run
    doubts, approved = 5, 3  # of "since", "approved", "twice" and "late"; of "twice", "idle" and "late"
    assert restored.verdicts_said() == told + doubts + approved
