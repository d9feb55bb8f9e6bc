"""A worker dies inside an effect: people are asked what became of it, and their word is what happens."""

from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from gate_store import queries
from tests.cli.project import Project, running, until

WORDS = {"happened": (1, "DONE"), "retry": (2, "DONE"), "abandon": (1, "FAILED")}  # times, and how it ends


@pytest.mark.slow
def test_the_word_on_a_doubt_is_what_happens(tmp_path: Path) -> None:
    (tmp_path / "plangate.toml").write_text("lease_s = 2.0\n")
    with running(tmp_path) as project:
        plans = {word: project.submit(word, "send_email", {"to": word, "dies": True}) for word in WORDS}
        for plan_id in plans.values():
            assert (
                project.run("approve", project.waiting(plan_id)["request_id"], "--yes", "--by", "ben").code
                == 0
            )
        doubts = {word: project.waiting(plan_id, "AFTER") for word, plan_id in plans.items()}
        assert {gate["kind"] for gate in doubts.values()} == {"IN_DOUBT"}
        listed = project.run("pending").out
        assert all(gate["request_id"][:8] in listed for gate in doubts.values())
        shown = " ".join(project.run("show", doubts["retry"]["request_id"]).out.split())
        assert "may or may not have happened: the worker that began it did not say how it ended" in shown
        for word, gate in doubts.items():
            assert project.run("resolve", gate["request_id"], f"--{word}", "--yes", "--by", "ann").code == 0
        for word, (times, state) in WORDS.items():
            assert project.ended(word) == state
            assert len(project.done(word, times)) == times
            assert until(partial(outcome, project, plans[word])) == state


def outcome(project: Project, plan_id: str) -> str | None:
    """The status of the plan's outcome, once the gatekeeper has it."""
    with project.store() as conn:
        plan = queries.show(conn, UUID(plan_id))
    said = plan["outcome"] if plan else None
    return str(said["status"]) if said else None
