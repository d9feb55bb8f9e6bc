"""Whoever submitted a run reads first that nothing was executed; of an expired plan no word of rejection."""

from uuid import UUID

import pytest

from gate_events.words import DecisionKind, GateState
from gate_store.database import open_store
from gate_store.run_ends import StepEnd
from gate_store.whereabouts import PlanState, Whereabouts
from plangate.cli.awaiting import in_words
from producers.planning import Submitted
from producers.run_outcome import RunOutcome
from tests.claims.gate import asked, commit, proposed, step
from tests.cli.commands import Shell
from tests.store.examples import decided

GATE = UUID(int=7)
PLAN = Submitted("night", UUID(int=8), finished=False)
DONE = StepEnd("s1", "pay", "SUCCEEDED", "", None)
NOT_APPROVED = {
    GateState.REJECTED: "Rejected",
    GateState.RESPONDED: "Answered",
    GateState.EXPIRED: "Expired",
    GateState.WITHDRAWN: "Withdrawn",
}


def ended(decided: str | None, steps: list[StepEnd], note: str = "") -> RunOutcome:
    unread: dict[str, str] = {}
    return RunOutcome("night", "g", "DONE", GATE, decided, "ana", "", steps, None, unread, note)


@pytest.mark.parametrize("state", NOT_APPROVED)
@pytest.mark.parametrize("stands", [PlanState.DECIDED, PlanState.ENDED])
def test_submit_says_first_that_nothing_was_executed(stands: PlanState, state: GateState) -> None:
    said = in_words(PLAN, Whereabouts(stands, GATE, decided=state))
    assert said.startswith(f"NOT executed. {NOT_APPROVED[state]}")
    assert said.endswith(f" plan {'was' if stands is PlanState.ENDED else 'is'} {PLAN.plan_id}")


def test_submit_says_of_an_approved_plan_nothing_of_the_kind() -> None:
    for stands in (PlanState.DECIDED, PlanState.ENDED):
        assert in_words(PLAN, Whereabouts(stands, GATE, decided=GateState.APPROVED)).startswith("run night ")


@pytest.mark.parametrize("state", NOT_APPROVED)
def test_an_outcome_says_so_too_with_the_reviewers_words_last(state: GateState) -> None:
    said = ended(state.value, [], "later").message
    assert said.startswith(f"NOT executed. {NOT_APPROVED[state]}")
    assert said.endswith(' In the words of ana: "later"') is (state is not GateState.EXPIRED)
    assert ("reject" in said.lower()) is (state is GateState.REJECTED)


def test_an_outcome_claims_of_no_step_that_began_that_it_did_not() -> None:
    assert ended("EXPIRED", [DONE]).message.startswith("NOT executed any further.")


@pytest.mark.parametrize("decided", ["APPROVED", "CLEARED", None])
def test_of_what_was_approved_the_steps_tell(decided: str | None) -> None:
    assert ended(decided, [DONE]).message == ""


def test_undo_of_what_was_asked_before_it_ran_says_what_to_do_instead(stored: Shell) -> None:
    request = asked(proposed(step("pay")))
    store = open_store(f"sqlite:///{stored.folder / 'plangate.db'}")
    with store.begin() as conn:
        assert commit(conn, request).refused == {}
        assert commit(conn, decided(request, DecisionKind.APPROVE)).refused == {}
    store.dispose()
    undone = stored.run("undo", str(request.request_id), "--yes", "--note", "wrong")
    undone.complains("is APPROVED: it asked before its plan ran", "propose a plan")
