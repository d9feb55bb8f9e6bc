"""The gatekeeper judges for itself: what a router says counts only where its own catalogue says it too."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import Group
from gate_events.words import DecisionKind, Level, Tier
from gate_policy.catalogue import load_catalogue
from gate_policy.requirements import ASKED_BEFORE
from gate_policy.route import route
from gate_store.dialects import read, whole
from gate_store.plan_claims import CLEARED_ALREADY, PlanClaim
from gate_store.policies import keep_policy
from gate_store.tables import asked_anew, clearances, decisions, gates
from stream_apps.gatekeeper.commit import commit_batch
from tests.claims.gate import (
    CATALOGUE,
    asked,
    cleared,
    commit,
    may_run,
    of_run,
    open_questions,
    proposed,
    refusals,
    routed,
    step,
    waits,
)
from tests.store.acting import ask, decide, run_of, said, state_of
from tests.store.examples import HOUR, NOON, decided

PAY = proposed(step("pay", what="88888.00"))
HARMLESS = proposed(step("look"))


def the_question(conn: Connection) -> ApprovalRequested:
    return read(conn.execute(select(whole(gates.c.request))).scalar_one(), ApprovalRequested)


def with_review(request: ApprovalRequested, **changes: Any) -> ApprovalRequested:
    review = msgspec.structs.replace(request.review, **changes)
    return msgspec.structs.replace(request, review=review, review_digest=review_digest(review))


def with_terms(request: ApprovalRequested, **changes: Any) -> ApprovalRequested:
    return with_review(request, terms=msgspec.structs.replace(request.review.terms, **changes))


def test_a_clearance_that_we_would_not_give_is_asked_about(conn: Connection) -> None:
    [why] = refusals(commit(conn, cleared(PAY)))
    ours = the_question(conn)
    assert why == f"asked anew as {ours.request_id}: a human must decide before it runs"
    assert (ours.tier, ours.attempt, ours.digest) == (Tier.IRREVERSIBLE, 2, asked(PAY).digest)
    assert [each.text for each in ours.review.groups] == ["Pay 88888.00"]
    assert said(conn, ApprovalRequested) == [ours]  # reviewers hear of it
    assert may_run(conn) == set()


def test_what_repeats_a_clearance_that_cannot_be_judged_is_refused_with_it(conn: Connection) -> None:
    nameless = msgspec.structs.replace(cleared(proposed()), proposer="\u2028")
    first, again = refusals(commit(conn, nameless, nameless))
    assert first == again
    assert may_run(conn) == set()


def test_what_repeats_it_is_told_so_in_one_batch_as_in_two(conn: Connection) -> None:
    told = refusals(commit(conn, cleared(PAY), cleared(PAY)))
    assert [why.partition(":")[0] for why in told] == 2 * [f"asked anew as {the_question(conn).request_id}"]
    [again] = refusals(commit(conn, cleared(PAY)))
    assert again.startswith("a human was asked about this plan at gate")


def test_nor_does_it_wake_the_run_that_waits(conn: Connection) -> None:
    plan = of_run(step("pay"))
    waits(conn, plan)
    commit(conn, cleared(plan))
    assert run_of(conn).status == "PAUSED"
    decide(conn, decided(the_question(conn)))
    assert run_of(conn).status == "READY"


def test_a_request_that_names_another_review_than_its_own_is_refused(conn: Connection) -> None:
    other = msgspec.structs.replace(asked(PAY), review_digest="ab" * 32)
    assert refusals(commit(conn, other)) == ["its review_digest is not that of its review"]
    assert commit(conn, asked(PAY)).refused == {}
    assert the_question(conn).review_digest == review_digest(asked(PAY).review)


FORGED = {
    "tier": msgspec.structs.replace(asked(PAY), tier=Tier.REVERSIBLE),
    "level": msgspec.structs.replace(asked(PAY), level=Level.L3),
    "sentences": with_review(
        asked(PAY), groups=(Group(text="Look at an invoice", tier=Tier.REVERSIBLE, step_ids=("s1",)),)
    ),
    "reasons": with_review(asked(PAY), reasons=("nothing to see",)),
    "terms": with_terms(asked(PAY), reviewers=("mallory",)),
    "terms, the quorum": with_terms(asked(PAY), quorum=3),
    "terms, the deadline": with_terms(asked(PAY), deadline=NOON + 900 * HOUR),
    "terms, the use-by": with_terms(asked(PAY), use_by_s=0),
    "terms, the answers": with_terms(asked(PAY), allowed=(DecisionKind.APPROVE,)),
    "policy": msgspec.structs.replace(asked(PAY), policy="0" * 64),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_request_that_differs_from_our_own_judgement_is_asked_anew(conn: Connection, what: str) -> None:
    [why] = refusals(commit(conn, FORGED[what]))
    ours = the_question(conn)
    assert why == f"asked anew as {ours.request_id}: our own judgement differs in {what.partition(',')[0]}"
    assert ours.review == asked(PAY).review
    assert (ours.attempt, ours.request_id != asked(PAY).request_id) == (2, True)
    assert conn.execute(select(asked_anew.c.request_id, asked_anew.c.gate_id)).all() == [
        (asked(PAY).request_id, ours.request_id)
    ]


ALIKE = proposed(step("pay", 1, what="1", iban="DE00"), step("pay", 2, what="1", iban="DE00"))


def as_a_version_before_rendered(request: ApprovalRequested) -> ApprovalRequested:
    [group] = request.review.groups
    return with_review(
        request, groups=(msgspec.structs.replace(group, text="2 times: Pay 1", used=("what",)),)
    )


def test_what_a_router_of_before_rendered_is_asked_anew_in_our_sentences(conn: Connection) -> None:
    [why] = refusals(commit(conn, as_a_version_before_rendered(asked(ALIKE))))
    assert why.endswith(": our own judgement differs in sentences")
    assert [each.text for each in the_question(conn).review.groups] == [
        '2 times: Pay 1 (the same in all: iban="DE00")'
    ]


def test_a_gate_that_a_version_before_rendered_is_decided_by_what_it_shows(conn: Connection) -> None:
    before = as_a_version_before_rendered(asked(ALIKE))
    ask(conn, before)
    assert refusals(commit(conn, before, asked(ALIKE))) == []
    assert len(open_questions(conn)) == 1
    decide(conn, decided(before, review_digest=review_digest(asked(ALIKE).review)))
    assert state_of(conn, before) == "PENDING"  # nobody was shown that there
    decide(conn, decided(before, name="again"))
    assert state_of(conn, before) == "APPROVED"


def test_our_question_meets_itself_on_its_topic_and_changes_nothing(conn: Connection) -> None:
    commit(conn, cleared(PAY))
    [ours] = said(conn, ApprovalRequested)
    assert refusals(commit(conn, ours, ours)) == []
    assert len(open_questions(conn)) == 1


def test_the_routers_question_that_comes_after_ours_is_answered_with_ours(conn: Connection) -> None:
    commit(conn, cleared(PAY))
    [why] = refusals(commit(conn, asked(PAY)))
    assert why == f"asked anew as {the_question(conn).request_id}: this very plan was asked about already"
    assert conn.execute(select(asked_anew.c.request_id, asked_anew.c.gate_id)).all() == [
        (asked(PAY).request_id, the_question(conn).request_id)
    ]


@pytest.mark.parametrize("change", [{"attempt": 3}, {"attempt": 2}])
def test_only_what_the_store_asked_is_asked_again(conn: Connection, change: dict[str, Any]) -> None:
    """Also where it looks like ours: the word itself is compared, not its id alone."""
    commit(conn, cleared(PAY))
    [ours] = said(conn, ApprovalRequested)
    forged = msgspec.structs.replace(ours, **change, request_id=PAY.event_id)
    [why] = refusals(commit(conn, forged))
    assert "this store has not asked" in why
    assert len(open_questions(conn)) == 1


def test_a_plan_that_we_would_clear_is_asked_about_where_the_router_asks(conn: Connection) -> None:
    strict = load_catalogue("version: 1\nactions: {}\n")
    request = route(HARMLESS, strict, now=NOON)
    [why] = refusals(commit(conn, request))
    ours = the_question(conn)
    assert "our own judgement differs in tier" in why
    assert [each.text for each in ours.review.groups] == ["Look at invoice 17"]
    [late] = refusals(commit(conn, routed(HARMLESS)))
    assert late.startswith("a human was asked about this plan at gate")
    assert may_run(conn) == set()


@pytest.mark.parametrize("together", [False, True], ids=["in two batches", "in one batch"])
@pytest.mark.parametrize("reverse", [False, True], ids=["the request first", "the clearance first"])
def test_the_stricter_way_stands_in_one_batch_or_in_two(
    conn: Connection, together: bool, reverse: bool
) -> None:
    both = [asked(PAY), cleared(PAY)]
    both = both[::-1] if reverse else both
    if together:
        commit(conn, *both)
    else:
        for record in both:
            commit(conn, record)
    assert may_run(conn) == set()
    assert len({gate.digest for gate in open_questions(conn)}) == 1


def test_what_a_service_was_told_to_do_is_not_asked_about_however_late_both_are_read(
    conn: Connection,
) -> None:
    """Without a store it has done it by then, and would do it once more when a human approves."""
    forged = route(HARMLESS, load_catalogue("version: 1\nactions: {}\n"), now=NOON)
    told = [NOON + timedelta(seconds=1), NOON]
    committed = commit_batch(conn, [forged, routed(HARMLESS)], CATALOGUE, NOON + timedelta(minutes=1), told)
    assert refusals(committed) == ["this very plan was cleared already: nothing is left to ask"]
    assert may_run(conn) == {routed(HARMLESS).digest}
    assert open_questions(conn) == []


def test_a_forged_clearance_said_first_takes_nothing_from_the_true_question(conn: Connection) -> None:
    told = [NOON + timedelta(seconds=1), NOON]
    committed = commit_batch(conn, [asked(PAY), cleared(PAY)], CATALOGUE, NOON + timedelta(minutes=1), told)
    ours = the_question(conn)
    assert refusals(committed) == [
        f"asked anew as {ours.request_id}: {why}"
        for why in ("this very plan was asked about already", "a human must decide before it runs")
    ]
    [early] = decide(conn, decided(asked(PAY)))
    assert str(ours.request_id) in early.why


def test_what_is_cleared_is_cleared_in_our_own_words(conn: Connection) -> None:
    forged = msgspec.structs.replace(
        cleared(HARMLESS), tier=Tier.IRREVERSIBLE, policy="0" * 64, level=Level.L0
    )
    assert refusals(commit(conn, forged)) == []
    kept = read(conn.execute(select(whole(clearances.c.record))).scalar_one(), PlanCleared)
    assert (kept.tier, kept.policy, kept.level) == (Tier.REVERSIBLE, CATALOGUE.digest, Level.L3)


def test_a_request_by_a_policy_that_is_kept_is_taken_where_it_asks_the_same(conn: Connection) -> None:
    other = load_catalogue(CATALOGUE.text.replace("Look at", "Have a look at"))
    keep_policy(conn, other.digest, other.text, "router", NOON)
    request = route(PAY, other, now=NOON)
    assert refusals(commit(conn, request)) == []
    assert the_question(conn) == request


def test_a_request_dated_far_off_is_judged_as_of_now(conn: Connection) -> None:
    """Its deadline would be anybody's choice."""
    late = route(PAY, CATALOGUE, now=NOON + 1000 * HOUR)
    assert "differs in terms" in refusals(commit(conn, late))[0]
    assert the_question(conn).review.terms.deadline == NOON + 8 * HOUR


def test_two_plans_with_one_effect_that_wait_side_by_side_meet(conn: Connection) -> None:
    first = proposed(step("mail", to="ann"), name="first")
    second = proposed(step("mail", to=" Ann"), name="second")
    assert refusals(commit(conn, routed(first))) == []
    [why] = refusals(commit(conn, routed(second)))
    assert "a human must decide" in why
    [finding] = the_question(conn).review.findings
    assert finding.check == "already asked"
    assert str(first.plan_id) in finding.text


def test_and_in_one_batch_too(conn: Connection) -> None:
    plans = [routed(proposed(step("mail", to="ann"), name=name)) for name in ("first", "second")]
    assert len(refusals(commit(conn, *plans))) == 1
    assert len(may_run(conn)) == 1


@pytest.mark.parametrize("early", [False, True], ids=["after it", "before it"])
def test_a_decision_on_what_was_asked_anew_is_told_where_to_decide(conn: Connection, early: bool) -> None:
    """Who decided had other sentences before him."""
    forged = FORGED["sentences"]
    decision = decided(forged)
    for record in (decision, forged) if early else (forged, decision):
        commit(conn, record)
    ours = the_question(conn)
    [(disposition, why)] = conn.execute(select(decisions.c.disposition, decisions.c.why)).all()
    assert disposition == "REFUSED"
    assert (
        why == f"the plan was asked about anew as {ours.request_id}: look at that question and decide on it"
    )
    assert len(open_questions(conn)) == 1


def test_a_batch_of_equal_questions_is_not_compared_each_with_each(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand questions after a clearance of their plan would take minutes: they have many steps."""

    def compared(_: PlanClaim, __: object) -> bool:
        raise AssertionError("claims are compared")

    monkeypatch.setattr(PlanClaim, "__eq__", compared)
    question = route(HARMLESS, CATALOGUE, now=NOON, required=ASKED_BEFORE)
    claims = [cleared(HARMLESS), question, question]
    told = [NOON + timedelta(seconds=second) for second in range(3)]
    why = refusals(commit_batch(conn, claims, CATALOGUE, NOON, told))
    assert why == [CLEARED_ALREADY, CLEARED_ALREADY]
