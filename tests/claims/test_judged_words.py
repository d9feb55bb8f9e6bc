"""A digest names steps and a run. Judgement goes by the goal, the agent and what steps claim, too."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.ids import proposal_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Agent
from gate_events.words import Tier, Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.disputed import DISPUTED
from gate_policy.route import route
from gate_store import outbox
from gate_store.awaited import ask_for_outcomes
from gate_store.dialects import read, whole
from gate_store.engine.port import OutdatedError
from gate_store.judged_words import CLEARED_IN_OTHER_WORDS, CLEARED_OTHERWISE
from gate_store.ledger import claim_effect
from gate_store.tables import gates
from stream_apps.gatekeeper.commit import Committed, commit_batch
from tests.claims.gate import cleared as as_cleared
from tests.claims.gate import may_run, of_run, open_questions, proposed, refusals
from tests.store.acting import decide, paused, run_of, said
from tests.store.examples import HOUR, NOON, decided

RULED = load_catalogue("""
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  look: {tier: REVERSIBLE, says: "Look at {{ what }}", arguments: [what]}
rules:
  - {name: model, when: 'agent.model != "tried"', tier: IRREVERSIBLE, because: "an untried model"}
  - {name: goal, when: 'plan.goal.contains("delete")', tier: IRREVERSIBLE, because: "it deletes"}
""")
TRIED = Agent(name="biller", model="tried")
HARMLESS = proposed(agent=TRIED)
LOOK = HARMLESS.steps[0]


def claiming(plan: PlanProposed) -> PlanProposed:
    return msgspec.structs.replace(
        plan, steps=[msgspec.structs.replace(each, claimed_tier=Tier.IRREVERSIBLE) for each in plan.steps]
    )


ASKS = {
    "a claim": claiming(HARMLESS),
    "another goal": msgspec.structs.replace(HARMLESS, goal="delete"),
    "another model": msgspec.structs.replace(HARMLESS, agent=Agent(name="biller", model="new")),
}
asks = pytest.mark.parametrize("asking", ASKS.values(), ids=ASKS.keys())


def question(plan: PlanProposed) -> ApprovalRequested:
    record = route(plan, RULED, now=NOON)
    assert isinstance(record, ApprovalRequested)
    return record


def clearance(plan: PlanProposed) -> PlanCleared:
    record = route(plan, RULED, now=NOON)
    assert isinstance(record, PlanCleared)
    return record


def commit(conn: Connection, *records: ApprovalRequested | PlanCleared) -> Committed:
    return commit_batch(conn, records, RULED, NOON)


def begin(conn: Connection, of: str) -> None:
    claim_effect(conn, HARMLESS.plan_id, of, LOOK, "mailer", NOON)


def the_gate(conn: Connection) -> ApprovalRequested:
    return read(conn.execute(select(whole(gates.c.request))).scalar_one(), ApprovalRequested)


@asks
def test_a_copy_in_other_words_clears_nothing_of_what_a_human_was_asked(
    conn: Connection, asking: PlanProposed
) -> None:
    commit(conn, question(asking))
    [why] = refusals(commit(conn, clearance(HARMLESS)))
    assert why.startswith("asked anew as ")
    assert may_run(conn) == set()


@asks
def test_what_was_cleared_in_other_words_is_asked_about_while_nobody_has_begun_it(
    conn: Connection, asking: PlanProposed
) -> None:
    """A copy that asks nobody came first: the stricter way stands, in the words of neither."""
    commit(conn, clearance(HARMLESS))
    [why] = refusals(commit(conn, question(asking)))
    gate = the_gate(conn)
    assert why == f"asked anew as {gate.request_id}: {CLEARED_OTHERWISE}"
    assert gate.goal == (HARMLESS.goal if asking.goal == HARMLESS.goal else "")
    assert gate.agent.model == (TRIED.model if asking.agent == TRIED else None)
    assert gate.steps == tuple(asking.steps)
    assert gate.review.findings[0].check == DISPUTED
    with pytest.raises(OutdatedError, match="nobody has begun it"):
        begin(conn, gate.digest)
    decide(conn, decided(gate))
    begin(conn, gate.digest)


def commit_in(conn: Connection, batches: int, *records: ApprovalRequested | PlanCleared) -> list[str]:
    """In one batch or one each; the refusals."""
    if batches == 1:
        return refusals(commit(conn, *records))
    return [why for record in records for why in refusals(commit(conn, record))]


@asks
@pytest.mark.parametrize("batches", [1, 2])
def test_of_two_clearances_the_stricter_words_are_asked_about(
    conn: Connection, asking: PlanProposed, batches: int
) -> None:
    """A router that knows nothing of our rules cleared the honest words; a liar's came first."""
    [why] = commit_in(conn, batches, clearance(HARMLESS), as_cleared(asking))
    gate = the_gate(conn)
    assert why == f"asked anew as {gate.request_id}: {CLEARED_OTHERWISE}"
    assert gate.goal == (HARMLESS.goal if asking.goal == HARMLESS.goal else "")
    assert gate.review.findings[0].check == DISPUTED
    with pytest.raises(OutdatedError, match="nobody has begun it"):
        begin(conn, gate.digest)
    decide(conn, decided(gate))
    begin(conn, gate.digest)


@pytest.mark.parametrize("batches", [1, 2])
def test_each_of_many_clearances_is_held_against_the_first(conn: Connection, batches: int) -> None:
    """What may run in its words, too, hides nothing of what comes after it."""
    harmless = as_cleared(msgspec.structs.replace(HARMLESS, goal="a refund"))
    records = [
        as_cleared(HARMLESS),
        harmless,
        as_cleared(ASKS["another goal"]),
        harmless,
    ]
    refused = commit_in(conn, batches, *records)
    gate = the_gate(conn)
    assert refused[:2] == [CLEARED_IN_OTHER_WORDS, f"asked anew as {gate.request_id}: {CLEARED_OTHERWISE}"]
    [last] = refused[2:]
    assert str(gate.request_id) in last


def test_what_the_first_words_did_not_clear_stands_in_nobodys_way(conn: Connection) -> None:
    """Of another owner's clearance nothing is left for the next to be held against."""
    commit(conn, as_cleared(proposed(name="other")))
    stranger = msgspec.structs.replace(as_cleared(HARMLESS), digest="e" * 64)
    others = [as_cleared(msgspec.structs.replace(HARMLESS, goal=goal)) for goal in ("a refund", "delete")]
    [refused, asked_anew] = refusals(commit(conn, stranger, *others))
    assert "digest" in refused
    assert asked_anew.endswith(CLEARED_OTHERWISE)


@asks
def test_what_is_disputed_is_not_cleared_by_a_later_revision(conn: Connection, asking: PlanProposed) -> None:
    """The dispute names no goal that would raise the tier of its steps: all of them were asked about."""
    commit(conn, clearance(HARMLESS), as_cleared(asking))
    revised = clearance(msgspec.structs.replace(HARMLESS, revision=2))
    [why] = refusals(commit(conn, revised))
    assert why.endswith("a human must decide before it runs")
    assert revised.digest not in may_run(conn)


def test_a_clearance_in_stricter_words_of_what_has_begun_comes_too_late(conn: Connection) -> None:
    commit(conn, clearance(HARMLESS))
    begin(conn, clearance(HARMLESS).digest)
    assert refusals(commit(conn, as_cleared(ASKS["another goal"]))) == [CLEARED_IN_OTHER_WORDS]
    assert open_questions(conn) == []


def test_what_was_begun_in_other_words_goes_on_and_is_said(conn: Connection) -> None:
    commit(conn, clearance(HARMLESS))
    begin(conn, clearance(HARMLESS).digest)
    [why] = refusals(commit(conn, question(claiming(HARMLESS))))
    assert why == "this very plan was cleared already: nothing is left to ask"
    assert open_questions(conn) == []


REVIEWED = load_catalogue("""
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  look: {tier: PARTIALLY_REVERSIBLE, says: "Look at {{ what }}", arguments: [what]}
""")


@pytest.mark.parametrize("begun", [False, True])
def test_the_review_afterwards_quotes_both_ways_in_which_it_was_told(conn: Connection, begun: bool) -> None:
    """Of what may run in either's words, or has begun, the reviewer sees no goal as if it were proven."""
    lie = route(msgspec.structs.replace(HARMLESS, goal="agreed by phone"), REVIEWED, now=NOON)
    assert isinstance(lie, PlanCleared)
    commit_batch(conn, [lie], REVIEWED, NOON)
    if begun:
        begin(conn, lie.digest)
        commit_batch(
            conn, [msgspec.structs.replace(lie, proposer="mallory", goal="a refund")], REVIEWED, NOON
        )
    true = route(HARMLESS, REVIEWED, now=NOON)
    assert refusals(commit_batch(conn, [true], REVIEWED, NOON)) == [CLEARED_IN_OTHER_WORDS]
    ask_for_outcomes(conn, NOON + 9 * HOUR, timedelta(minutes=10))
    [review] = said(conn, ApprovalRequested)
    assert review.timing is Timing.AFTER
    assert [each.check for each in review.review.findings][:1] == [DISPUTED]
    assert '"agreed by phone" or "remind"' in review.review.findings[0].text


def test_what_was_cleared_in_other_words_that_ask_nobody_stays_cleared(conn: Connection) -> None:
    commit(conn, clearance(HARMLESS))
    stricter = load_catalogue("version: 1\nactions: {}\n")
    asked = route(msgspec.structs.replace(HARMLESS, goal="look again"), stricter, now=NOON)
    [why] = refusals(commit(conn, asked))
    assert why == "this very plan was cleared already: nothing is left to ask"
    begin(conn, asked.digest)


def pausing(conn: Connection, plan: PlanProposed) -> None:
    paused(conn, route(plan, RULED, now=NOON))
    outbox.put(conn, [msgspec.structs.replace(plan, event_id=proposal_id(plan.plan_id))], NOON)


@asks
def test_a_run_is_answered_only_in_the_words_of_its_own_question(
    conn: Connection, asking: PlanProposed
) -> None:
    """Whoever may write `plans` alone copies it under its digest, and it needs no human any more."""
    own = of_run(*asking.steps, goal=asking.goal, agent=asking.agent)
    copied = of_run(LOOK, agent=TRIED)
    pausing(conn, own)
    assert question(own).digest == clearance(copied).digest
    [why] = refusals(commit(conn, clearance(copied)))
    assert "was proposed by its run with another" in why
    assert run_of(conn).status == "PAUSED"
    assert refusals(commit(conn, question(own))) == []


def test_a_claim_that_was_added_holds_no_run_up(conn: Connection) -> None:
    own = of_run(LOOK, agent=TRIED)
    pausing(conn, own)
    [why] = refusals(commit(conn, question(claiming(own))))
    assert "was proposed by its run with another" in why
    assert refusals(commit(conn, clearance(own))) == []
    assert run_of(conn).status == "READY"


@pytest.mark.parametrize("batches", [1, 2])
def test_a_clearance_of_what_was_cleared_in_other_words_is_told_so(conn: Connection, batches: int) -> None:
    first, other = clearance(HARMLESS), clearance(msgspec.structs.replace(HARMLESS, goal="a refund"))
    if batches == 1:
        [why] = refusals(commit(conn, first, first, other))
    else:
        assert refusals(commit(conn, first)) == refusals(commit(conn, first)) == []
        [why] = refusals(commit(conn, other))
    assert why == CLEARED_IN_OTHER_WORDS
    assert may_run(conn) == {first.digest}
