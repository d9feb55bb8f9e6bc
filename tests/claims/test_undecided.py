"""A gate that expires undecided is told once, with who had looked, and counted for a day."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from gate_events.words import DecisionKind
from gate_store.clock import expiry
from gate_store.undecided import count_undecided
from gate_store.views import What, note_views
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.undecided import ended_undecided, tell
from tests.claims.gate import CATALOGUE, asked, proposed, step
from tests.store.acting import decide
from tests.store.examples import HOUR, NOON, decided

LATE = NOON + 9 * HOUR  # the catalogue gives eight


def test_what_expires_is_told_once_with_who_had_looked(
    conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    seen, delivered, unknown = (asked(proposed(step("pay"), name=name)) for name in "abc")
    commit_batch(conn, [seen, delivered, unknown], CATALOGUE, NOON)
    note_views(conn, "ana\x1b", What.SEEN, [seen.request_id], NOON)
    note_views(conn, "ben", What.DELIVERED, [delivered.request_id], NOON)
    ends = [expiry(request) for request in (seen, delivered, unknown)]
    with caplog.at_level(logging.WARNING, "plangate.gatekeeper"):
        for _ in range(2):
            tell(ended_undecided(conn, commit_batch(conn, ends, CATALOGUE, LATE)))
    told = {record.gate_id: record.getMessage() for record in caplog.records}  # type: ignore[attr-defined] # by `extra`
    assert len(caplog.records) == 3
    looked = [
        (seen, r"seen by ana\x1b"),
        (delivered, "delivered to ben, and seen by nobody who said so"),
        (unknown, "delivered to nobody, and seen by nobody who said so"),
    ]
    for request, words in looked:
        gate = str(request.request_id)
        assert told[gate] == f"gate {gate} (PLAN, IRREVERSIBLE) expired undecided after 8:00:00: {words}"


def test_what_is_decided_or_taken_back_is_not_told(conn: Connection) -> None:
    requests = [asked(proposed(step("pay"), name=name)) for name in "ab"]
    commit_batch(conn, requests, CATALOGUE, NOON)
    decide(conn, decided(requests[0], DecisionKind.REJECT), decided(requests[1]))
    again = commit_batch(conn, [expiry(request) for request in requests], CATALOGUE, LATE)
    assert ended_undecided(conn, again) == []
    assert count_undecided(conn, NOON) == (0, 0)


def test_those_of_a_day_are_counted_and_of_them_those_that_nobody_saw(conn: Connection) -> None:
    requests = [asked(proposed(step("pay"), name=name)) for name in "abc"]
    commit_batch(conn, requests, CATALOGUE, NOON)
    note_views(conn, "ana", What.SEEN, [requests[0].request_id], NOON)
    note_views(conn, "ana", What.DELIVERED, [request.request_id for request in requests], NOON)
    commit_batch(conn, [expiry(request) for request in requests], CATALOGUE, LATE)
    deadline = requests[0].review.terms.deadline
    assert count_undecided(conn, deadline) == (3, 2)
    assert count_undecided(conn, deadline + timedelta(seconds=1)) == (0, 0)
