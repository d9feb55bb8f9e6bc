"""Before a service begins a plan: what the catalogue in force demands, and what was done meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, select

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.edited import review_of_edit
from gate_store.backlog import unexecuted
from gate_store.claims import Grant
from gate_store.engine.port import OutdatedError, RepeatsError
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outcomes import record_outcomes
from gate_store.queries import show
from gate_store.stale import Stale, note_stale
from gate_store.standings import standing_of
from gate_store.tables import clearances
from stream_apps.asking_again import ASKED_AGAIN
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.stale import InForce, ask_about_stale
from tests.claims.gate import CATALOGUE, asked, commit, proposed, routed, step
from tests.store.acting import ask_again, said
from tests.store.examples import HOUR, NOON, decided, executed

MINUTE = timedelta(minutes=1)
SOON = NOON + 10 * MINUTE
LOOK, PAY, MAIL = step("look"), step("pay"), step("mail", to="ann")


def catalogue(look: str = "REVERSIBLE", pay: str = "") -> Catalogue:
    return load_catalogue(f"""
version: 1
mode: tiered
defaults: {{deadline: 8h, use_by: 1h}}
actions:
  look: {{tier: {look}, says: "Look at {{{{ what }}}}", arguments: [what]}}
  pay: {{tier: IRREVERSIBLE, says: "Pay {{{{ what }}}} ", arguments: [what]{pay}}}
  mail:
    tier: REVERSIBLE
    says: "Mail {{{{ to }}}}"
    arguments: [to]
    effect: {{key: "mail:{{{{ to }}}}", window: 24h}}
""")


ANOTHER_WORDING = catalogue()
STRICTER = catalogue("IRREVERSIBLE")
TWO = catalogue(pay=", reviewers: [ada, bob], quorum: 2")


def in_force(conn: Connection, by: Catalogue, page: int = 500) -> list[ApprovalRequested]:
    """What a gatekeeper that starts with this catalogue asks."""
    before, look = len(said(conn, ApprovalRequested)), InForce(by)
    while not look.is_done:
        look.seen(look.look(conn, SOON, page))
    return said(conn, ApprovalRequested)[before:]


def begin(conn: Connection, plan: PlanCleared | ApprovalRequested) -> Grant:
    step_, now = plan.steps[0], SOON + MINUTE
    key = "mail:ann" if step_.action_type == "mail" else None
    claim = claim_effect(conn, plan.plan_id, plan.digest, step_, "service", now, window_key=key)
    if claim.grant is Grant.GO:
        finish_effect(conn, claim, StepStatus.SUCCEEDED, now)
    return claim.grant


def cleared(conn: Connection, *plans: PlanCleared | ApprovalRequested) -> None:
    commit(conn, *plans)


def approved(conn: Connection, request: ApprovalRequested) -> ApprovalRequested:
    commit(conn, request, decided(request, at=NOON))
    return request


def approve(conn: Connection, question: ApprovalRequested, *people: str) -> None:
    answers = [decided(question, by=who, at=SOON) for who in people or ("ada",)]
    assert not commit_batch(conn, [question, *answers], CATALOGUE, SOON).refused


def why(question: ApprovalRequested) -> str:
    return next(each.text for each in question.review.findings if each.check == ASKED_AGAIN)


def test_what_the_catalogue_in_force_wants_asked_is_asked_before_a_service_begins_it(
    conn: Connection,
) -> None:
    plan = routed(proposed(LOOK))
    cleared(conn, plan)
    [question] = in_force(conn, STRICTER)
    assert (question.attempt, question.digest, question.policy) == (2, plan.digest, STRICTER.digest)
    assert why(question) == "a human must decide before it runs"
    with pytest.raises(OutdatedError, match="a human must decide before it runs"):
        begin(conn, plan)
    standing = standing_of(conn, plan.plan_id, plan.digest, SOON)
    assert (standing.is_late, standing.why) == (True, why(question))
    shown = show(conn, plan.plan_id)
    assert shown is not None
    assert [each["why"] for each in shown["stale"]] == [why(question)]
    approve(conn, question)
    assert begin(conn, plan) is Grant.GO
    assert in_force(conn, STRICTER) == []


def test_a_word_that_nothing_ran_spares_a_plan_no_question(conn: Connection) -> None:
    """It may be begun still."""
    plan, approval = routed(proposed(LOOK)), approved(conn, asked(proposed(PAY, name="pay")))
    cleared(conn, plan)
    lies = [executed(each, OutcomeStatus.NOT_RUN, StepStatus.SKIPPED) for each in (plan, approval)]
    assert record_outcomes(conn, lies, SOON) == {}
    assert [each.digest for each in in_force(conn, STRICTER)] == [plan.digest]
    assert [ask_again(conn, NOON + HOUR), ask_again(conn, NOON + HOUR)] == [1, 0]


def test_a_word_that_somebody_is_at_a_plan_spares_it_a_question_and_is_told_once_it_is_old(
    conn: Connection,
) -> None:
    """Who may write `outcomes` is believed so far: doctor counts the plan as one that nobody executes."""
    plan = routed(proposed(LOOK))
    cleared(conn, plan)
    begun = executed(plan, OutcomeStatus.BEGUN, StepStatus.SKIPPED)
    assert record_outcomes(conn, [begun], SOON - MINUTE) == {}
    assert in_force(conn, STRICTER) == []
    assert unexecuted(conn, SOON).count == 0
    assert unexecuted(conn, SOON + 10 * MINUTE).count == 1


def test_an_approval_that_too_few_gave_is_asked_again_and_not_twice(conn: Connection) -> None:
    request = approved(conn, asked(proposed(PAY)))
    [question] = in_force(conn, TWO)
    assert (question.attempt, why(question)) == (2, "others or more must agree than those who did")
    assert in_force(conn, TWO) == []
    assert ask_again(conn, NOON + 9 * HOUR) == 0  # and its use-by asks nothing besides
    approve(conn, question, "ada", "bob")
    assert begin(conn, request) is Grant.GO


@pytest.mark.parametrize("by", [CATALOGUE, ANOTHER_WORDING], ids=["same", "demands no more"])
def test_a_catalogue_that_demands_no_more_asks_nothing(conn: Connection, by: Catalogue) -> None:
    cleared(conn, routed(proposed(LOOK)))
    approved(conn, asked(proposed(PAY, name="other")))
    assert in_force(conn, by) == []
    assert begin(conn, routed(proposed(LOOK))) is Grant.GO


def test_what_was_begun_goes_on_and_what_has_ended_is_not_asked(conn: Connection) -> None:
    begun, over = (
        routed(proposed(LOOK, step("look", 2, what="invoice 18"))),
        routed(proposed(LOOK, name="over")),
    )
    cleared(conn, begun, over)
    assert begin(conn, begun) is Grant.GO
    record_outcomes(conn, [executed(over)], NOON)
    assert in_force(conn, STRICTER) == []
    second = claim_effect(conn, begun.plan_id, begun.digest, begun.steps[1], "service", SOON + 2 * MINUTE)
    assert second.grant is Grant.GO


def twice(conn: Connection) -> tuple[PlanCleared | ApprovalRequested, ApprovalRequested]:
    """Two plans that mail ann; the second was approved while the first waited."""
    first, second = routed(proposed(MAIL)), proposed(MAIL, name="second")
    cleared(conn, first)
    commit(conn, routed(second))
    [question] = said(conn, ApprovalRequested)
    assert [each.check for each in question.review.findings] == ["already asked"]
    commit(conn, question, decided(question, at=NOON))
    return first, question


def test_what_another_plan_did_meanwhile_is_not_done_again_before_a_human_said_so(conn: Connection) -> None:
    first, second = twice(conn)
    assert begin(conn, first) is Grant.GO
    with pytest.raises(RepeatsError, match=f"already done meanwhile, by plan {first.plan_id}") as refused:
        begin(conn, second)
    note_stale(conn, [Stale(second.digest, refused.value.why)], SOON)
    assert [ask_about_stale(conn, CATALOGUE, SOON + 2 * MINUTE, 500) for _ in range(2)] == [1, 0]
    question = said(conn, ApprovalRequested)[-1]
    assert [each.check for each in question.review.findings] == ["already done", ASKED_AGAIN]
    assert why(question) == f"what step s1 does was already done meanwhile, by plan {first.plan_id}"
    commit_batch(conn, [question, decided(question, at=question.requested_at)], CATALOGUE, SOON + 2 * MINUTE)
    assert begin(conn, second) is Grant.GO  # that one was seen


def test_an_edited_plan_meets_what_another_did_meanwhile(conn: Connection) -> None:
    request = asked(proposed(PAY, name="edited"))
    commit(conn, request)
    seen = review_digest(review_of_edit(request, (MAIL,), CATALOGUE))
    commit(conn, decided(request, DecisionKind.EDIT, at=NOON, steps=(MAIL,), review_digest=seen))
    row = conn.execute(select(clearances.c.digest)).scalar_one()
    first = routed(proposed(MAIL))
    commit(conn, first)
    others = [each for each in said(conn, ApprovalRequested) if each.plan_id == first.plan_id]
    commit(conn, *others, *(decided(each, at=NOON) for each in others))
    assert begin(conn, first) is Grant.GO
    with pytest.raises(RepeatsError):
        claim_effect(conn, request.plan_id, row, MAIL, "service", SOON + 2 * MINUTE)


def test_what_was_done_before_its_window_or_failed_is_no_repetition(conn: Connection) -> None:
    first, second = twice(conn)
    claim = claim_effect(
        conn, first.plan_id, first.digest, first.steps[0], "service", SOON, window_key="mail:ann"
    )
    finish_effect(conn, claim, StepStatus.FAILED, SOON)
    assert begin(conn, second) is Grant.GO


def test_a_page_costs_as_many_statements_however_many_plans_it_has(conn: Connection, store: Engine) -> None:
    def cost(count: int, first: int) -> int:
        cleared(conn, *(routed(proposed(LOOK, name=number)) for number in range(first, first + count)))
        statements: list[str] = []

        def note(_c: object, _u: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(store, "before_cursor_execute", note)
        try:
            found = in_force(conn, STRICTER)
        finally:
            event.remove(store, "before_cursor_execute", note)
        assert len(found) == count
        return len(statements)

    assert cost(2, 0) == cost(40, 2)


def test_all_are_looked_at_page_by_page(conn: Connection) -> None:
    cleared(conn, *(routed(proposed(LOOK, name=number)) for number in range(5)))
    assert len(in_force(conn, STRICTER, page=2)) == 5
