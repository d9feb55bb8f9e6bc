"""Beyond the ceiling of open gates plans wait: none is lost, none expires, each is asked in its turn."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine, delete, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided, PlanProposed
from gate_events.values import Agent
from gate_events.words import DeciderKind, DecisionKind, GateState
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.limits import Limits
from gate_policy.route import route
from gate_store.clock import expiry
from gate_store.dialects import read, whole
from gate_store.queued_plans import as_which_asked, queues
from gate_store.routed_plans import known_plans
from gate_store.tables import decisions, gates, queued_plans, runs
from stream_apps.gatekeeper import queue
from stream_apps.gatekeeper.commit import Committed, commit_batch, decide
from stream_apps.gatekeeper.queue import next_in_queue
from stream_apps.gatekeeper.take_claims import take_queued
from tests.claims import gate
from tests.claims.gate import CATALOGUE, proposed, refusals, step
from tests.store.acting import said, state_of
from tests.store.examples import HOUR, NOON, decided
from tests.store.test_replay import replay, verdicts_in

K = DecisionKind
TWO: Catalogue = load_catalogue(f"{CATALOGUE.text}\nlimits: {{open_gates: 2}}\n")


def plan(name: object, action: str = "pay", **changes: Any) -> PlanProposed:
    return proposed(step(action, what=f"invoice {name}"), name=name, **changes)


def asked(proposal: PlanProposed, catalogue: Catalogue = TWO) -> ApprovalRequested:
    record = route(proposal, catalogue, now=NOON)
    assert isinstance(record, ApprovalRequested)
    return record


def commit(conn: Connection, *records: Any, catalogue: Catalogue = TWO, now: datetime = NOON) -> Committed:
    return commit_batch(conn, records, catalogue, now)


def tick(conn: Connection, now: datetime = NOON, catalogue: Catalogue = TWO) -> None:
    turns = next_in_queue(conn, catalogue.limits, 500)
    taken = take_queued(conn, turns, catalogue, now, catalogue.limits)
    decide(conn, taken.waited, catalogue, now)


def open_plans(conn: Connection) -> list[str]:
    """What open questions ask about, in the order in which they were opened."""
    query = select(whole(gates.c.request)).where(gates.c.state == "PENDING").order_by(gates.c.requested_at)
    found = [read(each, ApprovalRequested) for each in conn.execute(query).scalars()]
    return sorted(str(each.steps[0].arguments["what"]).removeprefix("invoice ") for each in found)


def waiting(conn: Connection) -> list[str]:
    query = select(whole(queued_plans.c.request)).where(queued_plans.c.why.is_(None))
    found = conn.execute(query.order_by(queued_plans.c.arrival)).scalars()
    steps = [read(each, ApprovalRequested).steps[0] for each in found]
    return [str(each.arguments["what"]).removeprefix("invoice ") for each in steps]


def close(conn: Connection, name: object, kind: K = K.REJECT, **more: Any) -> None:
    query = select(whole(gates.c.request)).where(
        gates.c.state == "PENDING", gates.c.plan_id == plan(name).plan_id
    )
    question = read(conn.execute(query).scalar_one(), ApprovalRequested)
    commit(conn, decided(question, kind, **more))


def test_what_is_beyond_the_ceiling_waits_and_is_asked_in_its_turn(conn: Connection) -> None:
    flood = [asked(plan(number)) for number in range(5)]
    told = commit(conn, *flood)
    assert (open_plans(conn), waiting(conn)) == (["0", "1"], ["2", "3", "4"])
    for question, why in zip(flood[2:], refusals(told), strict=True):
        assert why == (
            f"asked anew as {as_which_asked(question)}: agent biller of proposer billing-service has as many"
            " open gates as it may, and the plan waits for one of them to close"
        )
    tick(conn)
    assert waiting(conn) == ["2", "3", "4"]
    close(conn, 0)
    tick(conn, NOON + 9 * HOUR)
    assert (open_plans(conn), waiting(conn)) == (["1", "2"], ["3", "4"])
    [own] = said(conn, ApprovalRequested)
    assert (own.request_id, own.attempt, own.digest) == (as_which_asked(flood[2]), 2, flood[2].digest)
    assert own.review.terms.deadline == NOON + 17 * HOUR  # its time runs from then on


@pytest.mark.parametrize("end", [K.APPROVE, K.REJECT, K.RESPOND, K.WITHDRAW, K.EXPIRE])
def test_whatever_closes_a_gate_the_next_plan_is_asked(conn: Connection, end: K) -> None:
    first, *_ = flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    match end:
        case K.EXPIRE:
            commit(conn, expiry(first), now=first.review.terms.deadline)
        case K.WITHDRAW:
            commit(conn, decided(first, end, "billing-service", decider=DeciderKind.PROPOSER))
        case _:
            commit(conn, decided(first, end, note="so"))
    assert state_of(conn, first) != GateState.PENDING.value
    tick(conn)
    assert open_plans(conn) == ["1", "2"]


def test_without_the_setting_none_waits(conn: Connection) -> None:
    flood = [asked(plan(number), CATALOGUE) for number in range(5)]
    assert refusals(commit(conn, *flood, catalogue=CATALOGUE)) == []
    assert len(open_plans(conn)) == 5
    assert CATALOGUE.limits == Limits()


def test_once_the_setting_is_gone_all_are_asked(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(5)))
    tick(conn, catalogue=CATALOGUE)
    assert (len(open_plans(conn)), waiting(conn)) == (5, [])


def test_each_agent_and_each_proposer_has_a_ceiling_of_its_own(conn: Connection) -> None:
    others = [plan("a", agent=Agent(name="another")), plan("p", proposer="another-service")]
    commit(conn, *(asked(each) for each in (*map(plan, range(3)), *others)))
    assert (open_plans(conn), waiting(conn)) == (["0", "1", "a", "p"], ["2"])


def test_a_name_counts_as_it_is_compared(conn: Connection) -> None:
    spelled = [plan("s", agent=Agent(name="  BILLER ")), plan("t", proposer="Billing-Service")]
    commit(conn, *(asked(each) for each in (*map(plan, range(2)), *spelled)))
    assert waiting(conn) == ["s", "t"]


def test_who_invents_agents_meets_the_ceiling_of_the_proposer(conn: Connection) -> None:
    catalogue = load_catalogue(f"{CATALOGUE.text}\nlimits: {{open_gates: 2, open_gates_of_proposer: 3}}\n")
    invented = [asked(plan(number, agent=Agent(name=f"agent {number}")), catalogue) for number in range(5)]
    commit(conn, *invented, asked(plan("p", proposer="another"), catalogue), catalogue=catalogue)
    assert (open_plans(conn), waiting(conn)) == (["0", "1", "2", "p"], ["3", "4"])
    close(conn, 1)
    tick(conn, catalogue=catalogue)
    assert (open_plans(conn), waiting(conn)) == (["0", "2", "3", "p"], ["4"])


def test_services_in_a_runs_name_do_not_fill_its_ceiling(conn: Connection) -> None:
    """Whoever writes `plans` may use any name; a run is known to the store."""
    commit(conn, *(asked(plan(number)) for number in range(3)))
    commit(conn, gate.waits(conn, gate.of_run(step("pay", what="invoice r"))))
    assert (open_plans(conn), waiting(conn)) == (["0", "1", "r"], ["2"])


def test_what_needs_no_gate_never_waits(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(3)))
    harmless = route(plan("look", "look"), TWO, now=NOON)
    assert isinstance(harmless, PlanCleared)
    assert refusals(commit(conn, harmless)) == []
    assert harmless.digest in gate.may_run(conn)


def test_what_a_router_clears_though_it_must_be_asked_waits_as_well(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(2)))
    lie = gate.cleared(plan("lie"))
    for _ in range(2):
        [why] = refusals(commit(conn, lie))
        assert str(as_which_asked(lie)) in why
    assert waiting(conn) == ["lie"]
    assert lie.digest not in gate.may_run(conn)


def test_a_plan_that_comes_again_waits_once_and_is_answered_alike(conn: Connection) -> None:
    """As after a kill between the commit and the acknowledgement."""
    flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    [why] = refusals(commit(conn, flood[2]))
    assert why.startswith(f"asked anew as {as_which_asked(flood[2])}:")
    assert waiting(conn) == ["2"]
    close(conn, 0)
    tick(conn)
    [why] = refusals(commit(conn, flood[2]))
    assert why.startswith(f"asked anew as {as_which_asked(flood[2])}:")
    assert (open_plans(conn), waiting(conn)) == (["1", "2"], [])


def test_nobody_overtakes_what_waits(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(3)))
    close(conn, 0)
    commit(conn, asked(plan(3)))
    assert waiting(conn) == ["2", "3"]
    tick(conn)
    assert (open_plans(conn), waiting(conn)) == (["1", "2"], ["3"])


def test_a_newer_revision_takes_the_place_of_one_that_waits(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(3)))
    newer = proposed(step("pay", what="invoice 2 again"), name=2, revision=2)
    commit(conn, asked(newer))
    assert waiting(conn) == ["2 again"]
    close(conn, 0)
    tick(conn)
    assert open_plans(conn) == ["1", "2 again"]
    [question] = said(conn, ApprovalRequested)
    assert "revision" in {each.check for each in question.review.findings}


def test_a_newer_revision_of_what_is_asked_does_not_wait(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(3)))
    commit(conn, asked(proposed(step("pay", what="invoice 0 again"), name=0, revision=2)))
    commit(conn, *said(conn, DecisionMade))
    assert (open_plans(conn), waiting(conn)) == (["0 again", "1"], ["2"])


def test_a_revision_that_waited_still_holds_what_it_asked_about(conn: Connection) -> None:
    """What an older revision had to ask for, a later one does not clear, though nobody was asked yet."""
    commit(conn, *(asked(plan(number)) for number in range(2)))
    once_asked = gate.proposed(step("mail", 1, to="a@example.org"), step("pay", 2, what="x"), name="r")
    commit(conn, asked(once_asked))
    assert len(conn.execute(select(queued_plans)).all()) == 1
    harmless = gate.proposed(step("look", 1, what="a"), name="r", revision=2)
    commit(conn, gate.cleared(harmless))
    [why] = conn.execute(select(queued_plans.c.why)).scalars()
    assert why == "revision 2 of the plan took its place"


@pytest.mark.parametrize("newer", ["pay", "look"], ids=["which waits", "which was cleared"])
def test_what_a_newer_revision_took_the_place_of_does_not_wait_again(conn: Connection, newer: str) -> None:
    """However often its request is delivered, or somebody says it again: nobody could decide on it."""
    commit(conn, *(asked(plan(number)) for number in range(2)))
    older = asked(plan("r"))
    commit(conn, older)
    latest = proposed(step(newer, what="invoice s"), name="r", revision=2)
    commit(conn, asked(latest) if newer == "pay" else gate.cleared(latest))
    for again in (older, gate.cleared(plan("r")), asked(plan("r", goal="another"))):
        assert refusals(commit(conn, again)) == ["revision 2 of the plan took its place"]
    assert waiting(conn) == (["s"] if newer == "pay" else [])


def reject(question: ApprovalRequested, kind: K = K.REJECT, by: str = "eva", **more: Any) -> DecisionMade:
    """A decision on a plan that waits names the gate as which it is asked."""
    as_asked = msgspec.structs.replace(question, request_id=as_which_asked(question))
    return decided(as_asked, kind, by, **{"review_digest": None, **more})


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (lambda question: reject(question, note="a flood"), GateState.REJECTED),
        (
            lambda question: reject(question, K.WITHDRAW, "billing-service", decider=DeciderKind.PROPOSER),
            GateState.WITHDRAWN,
        ),
    ],
    ids=["a rejection", "a withdrawal"],
)
def test_a_decision_ends_what_waits_as_a_gate_of_its_own(
    conn: Connection, decision: Callable[[ApprovalRequested], DecisionMade], state: GateState
) -> None:
    *_, third, fourth = flood = [asked(plan(number)) for number in range(4)]
    commit(conn, *flood)
    later = NOON + 20 * HOUR
    commit(conn, msgspec.structs.replace(decision(third), decided_at=later), now=later)
    assert waiting(conn) == ["3"]
    [verdict] = said(conn, PlanDecided)
    assert (verdict.request_id, verdict.state, verdict.execute) == (as_which_asked(third), state, False)
    assert [each.request_id for each in said(conn, ApprovalRequested)] == [as_which_asked(third)]
    assert as_which_asked(fourth) not in conn.execute(select(gates.c.gate_id)).scalars().all()


@pytest.mark.parametrize(
    "lie",
    [
        lambda question: reject(question, by="billing-service"),
        lambda question: reject(question, K.WITHDRAW, "eva", decider=DeciderKind.PROPOSER),
        lambda question: reject(question, digest="f" * 64),
        lambda question: msgspec.structs.replace(
            expiry(msgspec.structs.replace(question, request_id=as_which_asked(question))),
            decided_at=NOON + 9 * HOUR,
        ),
    ],
    ids=["the proposer rejects", "another withdraws", "another content", "a forged expiry"],
)
def test_what_would_not_count_opens_and_ends_nothing(
    conn: Connection, lie: Callable[[ApprovalRequested], DecisionMade]
) -> None:
    flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    commit(conn, lie(flood[2]), now=NOON + 9 * HOUR)
    assert waiting(conn) == ["2"]
    assert as_which_asked(flood[2]) not in conn.execute(select(gates.c.gate_id)).scalars().all()


def test_a_decision_under_the_id_of_another_opens_nothing(conn: Connection) -> None:
    flood = [asked(plan(number)) for number in range(4)]
    commit(conn, *flood)
    first = decided(flood[0], note="no")
    commit(conn, first)
    [why] = refusals(
        commit(conn, msgspec.structs.replace(reject(flood[2], note="no"), event_id=first.event_id))
    )
    assert "its id was used before" in why or "has not come yet" in why
    assert waiting(conn) == ["2", "3"]


def test_an_edit_that_cannot_be_judged_opens_nothing(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    monkeypatch.setattr(queue, "retier", lambda *_, **__: "it cannot be judged")
    commit(conn, reject(flood[2], K.EDIT, steps=(step("pay", what="b"),)))
    assert waiting(conn) == ["2"]


@pytest.mark.parametrize("kind", [K.REJECT, K.RESPOND])
def test_what_was_told_in_two_ways_is_ended_by_one_decision(conn: Connection, kind: K) -> None:
    """Else whoever tells each plan twice opens a gate for each that a reviewer rejects."""
    commit(conn, *(asked(plan(number)) for number in range(2)))
    tellings = [asked(plan("x")), asked(plan("x", goal="close the account"))]
    commit(conn, *tellings[:1])
    commit(conn, *tellings[1:])
    assert len(waiting(conn)) == 2
    commit(conn, reject(tellings[0], kind, note="a flood"))
    assert (open_plans(conn), waiting(conn)) == (["0", "1"], [])
    [why] = refusals(commit(conn, tellings[1]))
    assert "propose yours as a new revision" in why


def test_nobody_approves_by_one_decision_what_was_told_in_two_ways(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(2)))
    for goal in ("pay", "close the account"):
        commit(conn, asked(plan("x", goal=goal)))
    commit(conn, reject(asked(plan("x")), K.APPROVE))
    commit(conn, *said(conn, DecisionMade))
    assert (open_plans(conn), waiting(conn)) == (["0", "1", "x"], [])


def test_a_decision_on_the_routers_request_is_told_where_to_decide(conn: Connection) -> None:
    flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    commit(conn, decided(flood[2]))
    [why] = conn.execute(select(decisions.c.why).where(decisions.c.gate_id == flood[2].request_id)).scalars()
    assert str(as_which_asked(flood[2])) in why


def test_a_forged_question_of_our_own_is_refused_while_the_plan_waits(conn: Connection) -> None:
    flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    held = read(conn.execute(select(whole(queued_plans.c.request))).scalar_one(), ApprovalRequested)
    [why] = refusals(commit(conn, held))
    assert "this store has not asked" in why
    assert waiting(conn) == ["2"]


def test_what_is_told_in_two_ways_while_it_waits_is_disputed_in_its_turn(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(2)))
    tellings = [plan("x"), plan("x", goal="close the account"), plan("x", goal="a third one")]
    whys = [refusals(commit(conn, asked(each)))[0] for each in tellings]
    assert "propose yours as a new revision" in whys[2]
    assert len(waiting(conn)) == 2
    close(conn, 0)
    tick(conn)
    commit(conn, *said(conn, DecisionMade))
    assert (open_plans(conn), waiting(conn)) == (["1", "x"], [])
    question = read(
        conn.execute(
            select(whole(gates.c.request)).where(
                gates.c.state == "PENDING", gates.c.plan_id == plan("x").plan_id
            )
        ).scalar_one(),
        ApprovalRequested,
    )
    assert question.goal not in {each.goal for each in tellings}


def test_a_router_clears_nothing_that_waits_to_be_asked(conn: Connection) -> None:
    flood = [asked(plan(number)) for number in range(3)]
    commit(conn, *flood)
    assert known_plans(conn, [gate.cleared(plan(2))]).asked == {flood[2].digest}


def test_the_plan_of_a_run_waits_and_is_not_proposed_again(conn: Connection) -> None:
    runs_ = [gate.of_run(step("pay", what=f"invoice {t}"), thread=t) for t in ("t0", "t1", "t2")]
    commit(conn, *(gate.waits(conn, each) for each in runs_))
    assert (open_plans(conn), waiting(conn)) == (["t0", "t1"], ["t2"])
    status, error = conn.execute(select(runs.c.status, runs.c.error).where(runs.c.thread_id == "t2")).one()
    assert (status, error) == ("PAUSED", "")


def test_the_plan_of_a_run_that_went_on_is_not_asked(conn: Connection) -> None:
    runs_ = [gate.of_run(step("pay", what=f"invoice {t}"), thread=t) for t in ("t0", "t1", "t2")]
    commit(conn, *(gate.waits(conn, each) for each in runs_))
    conn.execute(delete(runs).where(runs.c.thread_id == "t2"))
    first = read(conn.execute(select(whole(gates.c.request)).limit(1)).scalar_one(), ApprovalRequested)
    commit(conn, decided(first, K.REJECT))
    tick(conn)
    [why] = conn.execute(select(queued_plans.c.why)).scalars()
    assert why == f"run t2 did not ask about plan {runs_[2].plan_id}"


def test_a_replay_of_the_topics_gives_the_same_gates(store: Engine) -> None:
    """The router's request is a dead letter, as ever where the gatekeeper asks in its own words."""
    flood = [asked(plan(number)) for number in range(5)]
    with store.begin() as conn:
        told = commit(conn, *flood)
    with store.begin() as conn:
        close(conn, 0)
        tick(conn, NOON + HOUR)
    with store.begin() as conn:
        commit(conn, reject(flood[3], note="a flood", at=NOON + HOUR), now=NOON + HOUR)
        close(conn, 2, K.APPROVE, at=NOON + HOUR)
    with store.begin() as conn:
        tick(conn, NOON + 2 * HOUR)
        live = gates_of(conn)
        own = said(conn, ApprovalRequested)
        made = [
            read(each, DecisionMade) for each in conn.execute(select(whole(decisions.c.record))).scalars()
        ]
    assert [state for _, state in live].count("PENDING") == 2
    counted = [each for place, each in enumerate(flood) if place not in told.refused]
    verdicts = verdicts_in(store)
    for batches in ([counted, own, made], [made, own, counted]):
        replay(store, *batches, verdicts=verdicts)
        with store.begin() as conn:
            assert gates_of(conn) == live


def gates_of(conn: Connection) -> list[tuple[Any, ...]]:
    found = conn.execute(select(gates.c.gate_id, gates.c.state).order_by(gates.c.gate_id))
    return [(row.gate_id, row.state) for row in found]


def test_queues_are_counted_by_agent(conn: Connection) -> None:
    another = [asked(plan(f"a{number}", agent=Agent(name="another"))) for number in range(4)]
    commit(conn, *(asked(plan(number)) for number in range(3)), *another)
    assert [(each.asker.agent, each.plans) for each in queues(conn)] == [("biller", 1), ("another", 2)]
