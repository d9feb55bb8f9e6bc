"""What nodes said is kept for a while, and no longer."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

from gate_store.run_events import events_behind, forget_events, note_events
from stream_apps.gatekeeper import old_events
from stream_apps.gatekeeper.old_events import OldEvents
from tests.store.examples import HOUR, NOON, plan_id

MINUTE = timedelta(minutes=1)
SOON = NOON + timedelta(days=36_500)  # PostgreSQL dates events by its own clock


def say(conn: Connection, thread: str, *texts: str, at: datetime = NOON) -> None:
    note_events(conn, thread, plan_id(), texts, at)


def kept(conn: Connection, thread: str) -> list[object]:
    return [each.event for each in events_behind(conn, thread, 0, 100)]


def test_the_oldest_events_go_first_and_so_many_at_once(conn: Connection) -> None:
    say(conn, "a", "1", "2")
    say(conn, "b", "3")
    assert forget_events(conn, SOON, HOUR, 2) == 2
    assert (kept(conn, "a"), kept(conn, "b")) == ([], [3])
    assert forget_events(conn, SOON, HOUR, 2) == 1
    assert forget_events(conn, SOON, HOUR, 2) == 0


def test_an_event_stays_as_long_as_it_is_kept(conn: Connection) -> None:
    say(conn, "a", "1")
    [event] = events_behind(conn, "a", 0, 1)
    assert forget_events(conn, event.at + HOUR, HOUR, 2) == 0
    assert forget_events(conn, event.at + HOUR + timedelta(microseconds=1), HOUR, 2) == 1


def test_the_gatekeeper_looks_once_a_minute_and_at_once_while_there_is_more(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_events, "_LIMIT", 2)
    forgetting = OldEvents(store, HOUR)
    left = []
    for now, said in ((SOON, 3), (SOON, 0), (SOON, 1), (SOON + MINUTE, 0)):
        with store.begin() as conn:
            say(conn, "a", *"1" * said)
        forgetting.forget(now)
        with store.begin() as conn:
            left.append(len(kept(conn, "a")))
    assert left == [1, 0, 1, 0]
