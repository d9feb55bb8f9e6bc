"""What `plangate undo` says: who is known to execute it, and how far it came."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from gate_events.records import ApprovalRequested
from gate_store.database import utc_now
from gate_store.heartbeats import RESUMER, Process, begin_to_beat
from plangate.cli.failures import CommandError
from plangate.cli.undo import lacking, report
from plangate.settings import Settings
from tests.undo.scene import TEXT, Scene

PLAN = "0bf458fe-82c3-5d9f-af85-8985738a792f"


@pytest.fixture
def settings(store_url: str, store: Engine, tmp_path: Path) -> Settings:
    file = tmp_path / "catalogue.yaml"
    file.write_text(TEXT.format(tier="REVERSIBLE", more=""))
    return Settings(store_url=store_url, catalogue=file)


@pytest.fixture
def review(scene: Scene) -> ApprovalRequested:
    return scene.ran("ann")


def works(scene: Scene, graph: str, *actions: str, trouble: str | None = None) -> None:
    """A resumer that has these functions is heard of."""
    process = Process("r1", "here", "machine", "1.0", "digest", {graph: "v1"}, {graph: list(actions)})
    with scene.store.begin() as conn:
        begin_to_beat(conn, process, {RESUMER: trouble}, utc_now())


@pytest.mark.parametrize(
    ("graph", "actions", "trouble", "found"),
    [
        ("billing", ["untag"], None, []),
        ("billing", ["tag"], None, ["untag"]),
        ("refunds", ["untag"], None, ["untag"]),
        ("billing", ["untag"], "it does not serve yet", ["untag"]),
    ],
    ids=["its resumer", "without the function", "of another graph", "in trouble"],
)
def test_who_executes_it_is_known_by_heartbeats(
    scene: Scene,
    settings: Settings,
    review: ApprovalRequested,
    graph: str,
    actions: list[str],
    trouble: str | None,
    found: list[str],
) -> None:
    works(scene, graph, *actions, trouble=trouble)
    assert lacking(settings, review, []) == found


def test_where_nobody_works_nobody_is_known(settings: Settings, review: ApprovalRequested) -> None:
    assert lacking(settings, review, ["s1"]) == ["untag"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        *[("PUBLISHED", 3), ("CLEARED", 3), ("BEGUN", 3), ("IN_DOUBT", 3)],
        *[("FAILED", 1), ("NOT_RUN", 1), ("REJECTED", 4), ("EXPIRED", 4)],
    ],
)
def test_the_exit_code_says_that_it_is_not_undone(state: str, code: int) -> None:
    view = {"plan_id": PLAN, "state": state, "open_gate": None}
    with pytest.raises(CommandError, match=PLAN) as raised:
        report(view, follows=True, as_json=False)
    assert raised.value.exit_code == code


@pytest.mark.parametrize("state", ["DONE", "OPEN"])
def test_what_is_undone_or_asked_about_is_well(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    report({"plan_id": PLAN, "state": state, "open_gate": "3f2a9c1d"}, follows=True, as_json=False)
    assert PLAN in capsys.readouterr().out


@pytest.mark.parametrize("state", ["PUBLISHED", "CLEARED", "BEGUN"])
def test_who_does_not_wait_is_told_how_far_it_is(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    report({"plan_id": PLAN, "state": state, "open_gate": None}, follows=False, as_json=False)
    assert PLAN in capsys.readouterr().out
