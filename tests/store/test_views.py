"""Who looked is data: the first look of each is kept, and nothing else of the gate hangs on it."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from gate_events.words import Tier
from gate_store.clock import expiry
from gate_store.pending_gates import Wanted, Which
from gate_store.queries import count_pending, pending, show
from gate_store.reviewers import may_decide
from gate_store.views import Viewed, What, note_views, views_of
from tests.store.acting import ask, decide
from tests.store.examples import AGENT, HOUR, NOON, asked, decided, plan_id

MINUTE = timedelta(minutes=1)


def test_of_each_name_the_first_delivery_and_the_first_sight_are_kept(conn: Connection) -> None:
    gate, other = asked(plan_id(1)).request_id, asked(plan_id(2)).request_id
    note_views(conn, "ana", What.DELIVERED, [gate, other, gate], NOON)
    note_views(conn, "ben", What.DELIVERED, [gate], NOON + MINUTE)
    note_views(conn, "ana", What.SEEN, [gate], NOON + 2 * MINUTE)
    for what in What:
        note_views(conn, "ana", what, [gate], NOON + HOUR)
    assert views_of(conn, [gate, other]) == {
        gate: [
            Viewed("ana", What.DELIVERED, NOON),
            Viewed("ben", What.DELIVERED, NOON + MINUTE),
            Viewed("ana", What.SEEN, NOON + 2 * MINUTE),
        ],
        other: [Viewed("ana", What.DELIVERED, NOON)],
    }


def test_a_gate_is_told_with_those_who_looked(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    note_views(conn, "ana", What.SEEN, [request.request_id], NOON)
    [listed] = pending(conn)
    seen = show(conn, request.plan_id)
    assert seen is not None
    assert listed["views"] == seen["gates"][0]["views"]
    assert listed["views"] == [{"who": "ana", "what": "SEEN", "at": "2026-11-24T12:00:00Z"}]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), {1, 2, 3}),
        (Wanted(agent="Biller"), {1, 2, 3}),
        (Wanted(agent="another"), set()),
        (Wanted(proposer="Billing-Service"), {1, 2, 3}),
        (Wanted(proposer="ana"), set()),
        (Wanted(tier=Tier.IRREVERSIBLE.value), {1, 2, 3}),
        (Wanted(tier=Tier.REVERSIBLE.value), set()),
        (Wanted(before=NOON), {1, 2}),
        (Wanted(decidable_by="ANA"), {1, 2}),
        (Wanted(decidable_by="ada"), {1, 3}),  # her voice is counted at the second
        (Wanted(decidable_by="ada", before=NOON), {1}),
        (Wanted(decidable_by=AGENT.name), set()),
        (Wanted(which=Which.EXPIRED), {4}),
        (Wanted(which=Which.EXPIRED, since=NOON + 2 * HOUR), set()),
    ],
    ids=str,
)
def test_gates_are_listed_as_they_are_wanted(conn: Connection, wanted: Wanted, found: set[int]) -> None:
    requests = {
        1: asked(plan_id(1)),
        2: asked(plan_id(2), quorum=2),
        3: asked(plan_id(3), reviewers=("ada",), requested_at=NOON + MINUTE),
        4: asked(plan_id(4)),
        5: asked(plan_id(5)),
    }
    ask(conn, *requests.values())
    decide(conn, decided(requests[2]), expiry(requests[4]), decided(requests[5]))
    numbers = {str(request.request_id): number for number, request in requests.items()}
    listed = pending(conn, wanted=wanted)
    assert {numbers[each["request_id"]] for each in listed} == found
    assert count_pending(conn, wanted) == len(found)
    paged = [*pending(conn, 1, 0, wanted), *pending(conn, 10, 1, wanted)]
    assert paged == listed


@pytest.mark.parametrize(
    ("who", "reviewers", "may"),
    [
        ("ana", (), True),
        ("ANA", ("ana",), True),
        ("ben", ("ana",), False),
        ("Billing-Service", (), False),
        ("biller", ("biller",), False),
    ],
)
def test_who_may_decide_is_who_is_named_and_never_who_asks(
    who: str, reviewers: tuple[str, ...], may: bool
) -> None:
    assert may_decide(who, proposer="billing-service", agent="biller", reviewers=reviewers) is may
