"""Nobody shortens a reviewer's time by the date of a record: our own question goes by the broker's moment."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.clock import ask_expiry
from stream_apps.gatekeeper.commit import commit_batch
from tests.claims.gate import cleared, open_questions, proposed, step
from tests.store.examples import NOON

SHORT = load_catalogue("""
version: 1
mode: tiered
actions:
  pay: {tier: IRREVERSIBLE, says: "Pay {{ what }}", arguments: [what], deadline: 4m}
""")
EARLIER = NOON - timedelta(seconds=299)  # within the tolerance
HONEST = proposed(step("pay"))


def lie(kind: str) -> object:
    if kind == "clearance":
        return msgspec.structs.replace(cleared(HONEST), cleared_at=EARLIER)
    request = route(msgspec.structs.replace(HONEST, proposed_at=EARLIER), SHORT, now=EARLIER)
    assert isinstance(request, ApprovalRequested)
    return request


@pytest.mark.parametrize("kind", ["clearance", "request"])
def test_a_copy_dated_back_takes_no_time_from_the_reviewers_of_an_honest_plan(
    conn: Connection, kind: str
) -> None:
    commit_batch(conn, [lie(kind)], SHORT, NOON, [NOON])
    commit_batch(conn, [route(HONEST, SHORT, now=NOON)], SHORT, NOON, [NOON])
    assert len(open_questions(conn)) == 1
    assert ask_expiry(conn, NOON + timedelta(minutes=4) - timedelta(seconds=1)) == 0
    assert ask_expiry(conn, NOON + timedelta(minutes=4)) == 1
