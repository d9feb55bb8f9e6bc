"""A catalogue is kept under its digest before anybody judges by it; its change is an event."""

from sqlalchemy import Connection, select

from gate_events.records import PolicyKept
from gate_store.clearances import record_cleared
from gate_store.policies import keep_policy, kept_policies
from gate_store.queries import show
from gate_store.tables import policies
from tests.store.acting import ask, said
from tests.store.examples import HOUR, NOON, asked, cleared, plan_id

FIRST, SECOND = "0" * 64, "1" * 64


def test_a_new_catalogue_is_told_once_with_who_and_when(conn: Connection) -> None:
    assert keep_policy(conn, FIRST, "mode: tiered", "router", NOON)
    assert not keep_policy(conn, FIRST, "mode: tiered # the same", "resumer", NOON + HOUR)
    (told,) = said(conn, PolicyKept)
    assert (told.digest, told.text, told.by, told.first_seen) == (FIRST, "mode: tiered", "router", NOON)
    (kept,) = conn.execute(select(policies)).all()
    assert (kept.digest, kept.text, kept.by, kept.first_seen) == (FIRST, "mode: tiered", "router", NOON)


def test_a_changed_catalogue_is_another_event(conn: Connection) -> None:
    keep_policy(conn, FIRST, "mode: tiered", "router", NOON)
    assert keep_policy(conn, SECOND, "mode: earned", "gatekeeper", NOON + HOUR)
    assert [(told.digest, told.by) for told in said(conn, PolicyKept)] == [
        (FIRST, "router"),
        (SECOND, "gatekeeper"),
    ]
    assert kept_policies(conn, [FIRST, SECOND, "2" * 64]) == {FIRST, SECOND}


def test_a_catalogue_with_a_nul_in_it_is_kept_readable(conn: Connection) -> None:
    assert keep_policy(conn, FIRST, "mode: tiered # \x00", "router", NOON)
    assert "\x00" not in said(conn, PolicyKept)[0].text


def test_a_plan_is_shown_with_the_catalogues_that_it_was_judged_by(conn: Connection) -> None:
    keep_policy(conn, FIRST, "mode: tiered", "router", NOON)
    ask(conn, asked())
    seen = show(conn, plan_id())
    assert seen is not None
    assert seen["policies"] == [{"digest": FIRST, "first_seen": "2026-11-24T12:00:00Z", "by": "router"}]


def test_a_catalogue_that_nobody_kept_is_shown_as_such(conn: Connection) -> None:
    record_cleared(conn, [cleared()], NOON)
    seen = show(conn, plan_id())
    assert seen is not None
    assert [(each["digest"], each["by"]) for each in seen["policies"]] == [(cleared().policy, None)]
