"""The log tells all: however the two topics are cut and repeated, the same gates come out."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Engine, delete, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind
from gate_store.dialects import whole
from gate_store.tables import clearances, cleared_steps, decisions, gates, metadata, runs
from tests.store.acting import ask, decide, said
from tests.store.examples import HOUR, NOON, asked, asked_afterwards, asked_in_doubt, decided, plan_id, run

EDITED = (Step(step_id="s1", action_type="email.send", arguments={"to": "c@example.org"}),)
K = DecisionKind


def topics() -> tuple[list[ApprovalRequested], list[DecisionMade]]:
    """Every kind of end, with late, double, early, wrong and superseding records among them."""
    approved, edited, rejected = (asked(plan_id(n), run=run(n)) for n in ("a", "e", "r"))
    quorum = asked(plan_id("q"), quorum=2, run=run("q"))
    expired, old = asked(plan_id("x")), asked(plan_id("o"), run=run("o"))
    new = asked(plan_id("o"), revision=2, steps=EDITED, run=run("o"))
    review, doubt, silent = asked_afterwards(plan_id("v")), asked_in_doubt(plan_id("d")), asked(plan_id("s"))
    requests = [approved, edited, rejected, quorum, expired, old, new, review, doubt, silent]
    clock: dict[str, Any] = {"by": "clock", "decider": DeciderKind.CLOCK, "at": NOON + HOUR}
    return requests, [
        decided(approved),
        decided(rejected, K.REJECT, "bob", note="no"),
        decided(approved, K.REJECT, "bob"),
        decided(quorum),
        decided(quorum, name="again"),
        decided(edited, K.EDIT, steps=EDITED),
        decided(approved),
        decided(quorum, by="bob"),
        decided(expired, K.EXPIRE, **clock),
        decided(expired, name="too late"),
        decided(old, name="before it is superseded", digest="f" * 64),
        decided(old, K.SUPERSEDE, "gate", decider=DeciderKind.GATE),
        decided(old),
        decided(new, by="billing-service"),
        decided(new),
        decided(review, K.UNDO),
        decided(doubt, K.EXPIRE, **clock),
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


def empty(store: Engine) -> None:
    with store.begin() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(delete(table))


def replay(store: Engine, *batches: Sequence[Any]) -> dict[str, Any]:
    empty(store)
    for batch in batches:
        with store.begin() as conn:
            if isinstance(batch[0], ApprovalRequested):
                ask(conn, *batch)
            else:
                decide(conn, *batch)
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
    assert replay(store, *one_by_one(said_), *one_by_one(requests)) == expected
    assert replay(store, said_[:7], requests[:4], said_[7:], requests[4:]) == expected
