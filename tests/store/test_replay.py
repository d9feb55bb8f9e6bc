"""The log tells all: however the two topics are cut and repeated, the same gates come out."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Engine, delete, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_events.values import Step
from gate_events.words import DecisionKind, GateState
from gate_store.clock import expiry
from gate_store.dialects import whole
from gate_store.dispositions import Fate
from gate_store.superseding import supersede
from gate_store.tables import clearances, cleared_steps, decisions, gates, metadata, runs
from gate_store.verdicts import verdict
from tests.store.acting import ask, decide, fates, said, state_of, verdict_of
from tests.store.examples import asked, asked_afterwards, asked_in_doubt, decided, plan_id, run

EDITED = (Step(step_id="s1", action_type="email.send", arguments={"to": "c@example.org"}),)
K = DecisionKind
Verdicts = Mapping[UUID, PlanDecided] | None


def topics() -> tuple[list[ApprovalRequested], list[DecisionMade]]:
    """Every kind of end, with late, double, early, wrong and superseding records among them."""
    approved, edited, rejected = (asked(plan_id(n), run=run(n)) for n in ("a", "e", "r"))
    quorum = asked(plan_id("q"), quorum=2, run=run("q"))
    expired, old = asked(plan_id("x")), asked(plan_id("o"), run=run("o"))
    new = asked(plan_id("o"), revision=2, steps=EDITED, run=run("o"))
    review, doubt, silent = asked_afterwards(plan_id("v")), asked_in_doubt(plan_id("d")), asked(plan_id("s"))
    requests = [approved, edited, rejected, quorum, expired, old, new, review, doubt, silent]
    return requests, [
        decided(approved),
        decided(rejected, K.REJECT, "bob", note="no"),
        decided(approved, K.REJECT, "bob"),
        decided(quorum),
        decided(quorum, name="again"),
        decided(edited, K.EDIT, steps=EDITED),
        decided(approved),
        decided(quorum, by="bob"),
        expiry(expired),
        decided(expired, name="too late"),
        decided(old, name="before it is superseded", digest="f" * 64),
        supersede(old, new.request_id, new.requested_at, "revision 2 of the plan took its place"),
        decided(old),
        decided(new, by="billing-service"),
        decided(new),
        decided(review, K.UNDO),
        expiry(doubt),
        decided(asked(plan_id("unknown"))),
    ]


def picture(store: Engine) -> dict[str, Any]:
    """What must be equal: gates, dispositions, clearances and what runs may do."""
    with store.begin() as conn:
        return {
            "gates": sorted(
                map(tuple, conn.execute(select(gates.c.gate_id, gates.c.state, whole(gates.c.verdict))))
            ),
            "decisions": sorted(
                map(
                    tuple,
                    conn.execute(select(decisions.c.decision_id, decisions.c.disposition, decisions.c.why)),
                )
            ),
            "clearances": sorted(map(tuple, conn.execute(select(clearances.c.digest, clearances.c.use_by)))),
            "steps": sorted(map(tuple, conn.execute(select(cleared_steps)))),
            "runs": sorted(
                map(tuple, conn.execute(select(runs.c.thread_id, runs.c.status, whole(runs.c.answer))))
            ),
            "verdicts": sorted(str(each.event_id) for each in said(conn, PlanDecided)),
        }


def verdicts_in(store: Engine) -> dict[UUID, PlanDecided]:
    with store.begin() as conn:
        return {each.decision_id: each for each in said(conn, PlanDecided)}


def empty(store: Engine) -> None:
    with store.begin() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(delete(table))


def replay(store: Engine, *batches: Sequence[Any], verdicts: Verdicts = None) -> dict[str, Any]:
    empty(store)
    for batch in batches:
        with store.begin() as conn:
            if isinstance(batch[0], ApprovalRequested):
                ask(conn, *batch, verdicts=verdicts)
            else:
                decide(conn, *batch, verdicts=verdicts)
    return picture(store)


def one_by_one(records: Sequence[Any]) -> list[list[Any]]:
    return [[record] for record in records]


def test_one_go_one_by_one_and_twice_give_the_same_gates(store: Engine) -> None:
    requests, said_ = topics()
    expected = replay(store, requests, said_)
    states = {row[1] for row in expected["gates"]}
    assert states == {"APPROVED", "REJECTED", "EXPIRED", "SUPERSEDED", "PENDING"}
    dispositions = {row[1] for row in expected["decisions"]}
    assert dispositions == {"DECIDED", "COUNTED", "LATE", "REFUSED", "WAITING"}

    assert replay(store, *one_by_one(requests), *one_by_one(said_)) == expected
    assert replay(store, requests, said_, requests, said_) == expected
    twice = chain.from_iterable((batch, batch) for batch in one_by_one([*requests, *said_]))
    assert replay(store, *twice) == expected


def test_decisions_before_their_requests_give_the_same_gates(store: Engine) -> None:
    requests, said_ = topics()
    expected = replay(store, requests, said_)
    assert replay(store, said_, requests) == expected
    verdicts = verdicts_in(store)
    # a SUPERSEDE comes here before what it speaks of: the verdicts tell that it counted
    assert replay(store, *one_by_one(said_), *one_by_one(requests), verdicts=verdicts) == expected
    assert replay(store, said_[:7], requests[:4], said_[7:], requests[4:]) == expected


def test_a_replay_takes_rulings_as_they_were_made(store: Engine) -> None:
    """One person's two spellings once met a quorum, and a catalogue once let an edit pass."""
    quorum, edited = asked(plan_id("q"), quorum=2), asked(plan_id("e"))
    with store.begin() as conn:
        ask(conn, quorum, edited)
        ada, again = decided(quorum), decided(quorum, by="Ada ")
        edit = decided(edited, K.EDIT, steps=EDITED)
        assert fates(decide(conn, ada, again)) == [Fate.COUNTED, Fate.REFUSED]
        verdicts = {
            again.event_id: verdict(quorum, again, GateState.APPROVED),
            edit.event_id: replace(verdict(edited, edit, GateState.APPROVED), steps=EDITED),
        }
    empty(store)
    with store.begin() as conn:
        ask(conn, quorum, edited, verdicts=verdicts)
        came = decide(conn, ada, again, edit, retier=lambda *_: "another catalogue", verdicts=verdicts)
        assert fates(came) == [Fate.COUNTED, Fate.DECIDED, Fate.DECIDED]
        assert verdict_of(conn, edited) == verdicts[edit.event_id]
        assert state_of(conn, quorum) == "APPROVED"


def test_a_replay_closes_no_gate_that_no_verdict_closed(store: Engine) -> None:
    request = asked()
    with store.begin() as conn:
        ask(conn, request, verdicts={})
        assert fates(decide(conn, decided(request), verdicts={})) == [Fate.LATE]
        assert state_of(conn, request) == "PENDING"
