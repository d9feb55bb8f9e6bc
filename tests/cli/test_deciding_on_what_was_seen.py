"""A decision is on what its reviewer saw: a gate, shown and asked about, or named with --yes."""

from collections.abc import Iterator

import pytest

from tests.cli.commands import SECRET
from tests.cli.project import Project, running
from tests.cli.terminal import WIDTH, Terminal


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project on the mock cluster and SQLite."""
    with running(tmp_path_factory.mktemp("project")) as running_project:
        yield running_project


def test_on_a_terminal_the_plan_is_shown_and_asked_about_once(project: Project) -> None:
    gate = project.asked("looked at", "ana")
    with Terminal(project, "approve", gate["plan_id"], "--by", "ben") as terminal:
        terminal.until("Approve it as ben? [y/N]")
        assert "Email ana" in terminal.seen
        assert SECRET not in terminal.seen
        assert max(map(len, terminal.seen.splitlines())) <= WIDTH
        terminal.enter("y")
        assert terminal.end() == 0
        assert "is closed by this: APPROVED. NOT executed yet. Cleared to run" in " ".join(
            terminal.seen.split()
        )
    assert project.ended("looked at") == "DONE"
    (decision,) = project.run("show", gate["plan_id"], "--json").json["decisions"]
    assert decision["decided_by"] == "ben"


def test_whoever_says_no_has_decided_nothing(project: Project) -> None:
    gate = project.asked("left", "ana")
    with Terminal(project, "reject", gate["request_id"][:8], "--by", "ben") as terminal:
        terminal.until("Reject it as ben? [y/N]")
        terminal.enter("")
        assert terminal.end() == 1
    assert project.run("show", gate["plan_id"], "--json").json["decisions"] == []


def test_an_edit_is_shown_as_what_it_becomes(project: Project) -> None:
    gate = project.asked("cut down", "ana", "bob")
    with Terminal(project, "edit", gate["request_id"], "--drop", "s1", "--by", "ben") as terminal:
        terminal.until("Edit it as ben? [y/N]")
        old, new = terminal.seen.split("What changes:")
        assert "Email ana" in old
        assert old.endswith("\n\n")
        assert "- s1  Email ana" in new
        assert "Email bob" in new.split("Edited, the plan does this")[1]
        terminal.enter("y")
        assert terminal.end() == 0
    assert [line.split()[0] for line in project.done("cut down")] == ["s2"]


def test_without_a_terminal_nothing_is_decided_unless_yes_is_said(project: Project) -> None:
    gate = project.asked("unasked", "ana")
    ended = project.run("approve", gate["request_id"], "--by", "ben")
    assert (ended.code, ended.out) == (2, "")
    assert f"plangate show {gate['request_id'][:8]}" in ended.err
    assert "--yes" in ended.err


def test_without_a_terminal_a_plan_is_no_gate(project: Project) -> None:
    gate = project.asked("by plan", "ana")
    refused = project.run("approve", gate["plan_id"], "--yes", "--by", "ben")
    refused.complains("is the id of a plan", f"decide on its gate, {gate['request_id'][:8]}")


def test_the_digest_of_what_was_seen_names_its_gate(project: Project) -> None:
    gate = project.asked("by digest", "ana")
    shown = project.run("show", gate["request_id"]).out
    [digest] = [line.split()[1] for line in shown.splitlines() if line.strip().startswith("digest ")]
    project.run("approve", "--digest", "0" * 16, "--yes").complains("no gate that waits matches")
    assert project.run("approve", "--digest", digest, "--yes", "--by", "ben").code == 0
    assert project.ended("by digest") == "DONE"
