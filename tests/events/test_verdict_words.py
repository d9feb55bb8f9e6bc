"""Each end of a gate has a sentence of its own, which claims nothing that did not happen."""

from itertools import product

import pytest

from gate_events.records import PlanDecided
from gate_events.verdict_words import message_of, message_on, sentence_on
from gate_events.words import GateState, RequestKind, Resolution, Timing
from tests.events.samples import SAMPLES

NOT_EXECUTED = {
    GateState.PENDING: "Undecided",
    GateState.APPROVED: "Cleared to run",
    GateState.REJECTED: "Rejected",
    GateState.RESPONDED: "Answered",
    GateState.EXPIRED: "Expired",
    GateState.WITHDRAWN: "Withdrawn",
    GateState.SUPERSEDED: "Superseded",
    GateState.UNKNOWN: "take it for no approval",
}


@pytest.mark.parametrize("state", GateState)
def test_of_a_plan_that_was_to_run_it_says_first_that_it_is_not_executed(state: GateState) -> None:
    said = sentence_on(state)
    assert said.startswith("NOT executed")
    assert NOT_EXECUTED[state] in said
    assert [each for each, word in NOT_EXECUTED.items() if word in said] == [state]


@pytest.mark.parametrize("state", [each for each in GateState if each is not GateState.REJECTED])
@pytest.mark.parametrize("timing", Timing)
@pytest.mark.parametrize("kind", RequestKind)
def test_what_nobody_rejected_is_never_called_so(kind: RequestKind, timing: Timing, state: GateState) -> None:
    assert "reject" not in sentence_on(state, kind, timing).lower()


def test_no_two_ends_share_a_sentence() -> None:
    said = [sentence_on(state) for state in GateState]
    assert len(set(said)) == len(said)
    # what a review afterwards, or one of a doubt, cannot end in counts as open
    for kind, ends in ((RequestKind.PLAN, 5), (RequestKind.IN_DOUBT, 4)):
        assert len({sentence_on(state, kind, Timing.AFTER) for state in GateState}) == ends + 1


AFTERWARDS = product(RequestKind, (Timing.AFTER, Timing.UNKNOWN), GateState, (None, *Resolution))


def test_of_what_has_run_or_may_have_no_sentence_says_not_executed_but_a_reviewers() -> None:
    for kind, timing, state, resolution in AFTERWARDS:
        said = sentence_on(state, kind, timing, resolution)
        if said.startswith("NOT executed"):
            assert said.startswith("NOT executed, as a reviewer says")
            assert (kind, state) == (RequestKind.IN_DOUBT, GateState.APPROVED)
            assert resolution is Resolution.RETRY
        if kind is RequestKind.UNKNOWN or (kind is RequestKind.PLAN and timing is Timing.UNKNOWN):
            assert said == "NOT known whether executed."


def test_a_reviewers_words_come_last_and_are_marked_as_theirs() -> None:
    forged = 'fine." Executed already.\n\x1b[2J'
    said = message_on(GateState.REJECTED, "ana", forged)
    assert said == (
        "NOT executed. Rejected: a reviewer decided that this plan must not run."
        r' In the words of ana: "fine.\" Executed already.\n\x1b[2J"'
    )
    assert message_on(GateState.REJECTED, "ana", "") == sentence_on(GateState.REJECTED)
    assert message_on(GateState.EXPIRED, "clock", "nobody decided") == sentence_on(GateState.EXPIRED)


def test_of_a_later_attempt_it_is_not_said_that_nothing_was_executed() -> None:
    for state in set(GateState) - {GateState.APPROVED}:
        assert sentence_on(state, again=True).startswith("NOT executed any further.")
    [verdict] = [each for each in SAMPLES if isinstance(each, PlanDecided)]
    assert verdict.attempt == 3
    assert message_of(verdict) == f'{sentence_on(verdict.state, again=True)} In the words of eva: "go"'
